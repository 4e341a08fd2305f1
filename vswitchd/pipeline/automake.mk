# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/pipeline/libpipeline.a
vswitchd_pipeline_libpipeline_a_SOURCES = \
	vswitchd/pipeline/act/normal.c \
	vswitchd/pipeline/act/output.c \
	vswitchd/pipeline/effect.c \
	vswitchd/pipeline/effect.h \
	vswitchd/pipeline/topology.c \
	vswitchd/pipeline/topology.h \
	vswitchd/pipeline/xlate.c \
	vswitchd/pipeline/xlate.h

EXTRA_DIST += vswitchd/pipeline/README.md
