# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/pipeline/libpipeline.a
vswitchd_pipeline_libpipeline_a_SOURCES =

EXTRA_DIST += vswitchd/pipeline/README.md
