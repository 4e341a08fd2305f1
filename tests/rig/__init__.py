# SPDX-License-Identifier: Apache-2.0
"""What system and interop tests stand on: namespaces, frames, and a switch in a run directory."""
