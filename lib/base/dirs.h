/* SPDX-License-Identifier: Apache-2.0 */
/* Where files live: compiled-in defaults, overridden by the environment (OVS_RUNDIR, OVS_LOGDIR,
 * OVS_DBDIR, OVS_SYSCONFDIR, OVS_PKGDATADIR, OVS_BINDIR).  Static storage; read once. */
#ifndef BASE_DIRS_H
#define BASE_DIRS_H

const char *dir_run(void); /* .../run/openvswitch: sockets, pid files */
const char *dir_log(void);
/* Where conf.db is: OVS_DBDIR, else OVS_SYSCONFDIR/openvswitch, else the default. */
const char *dir_db(void);
const char *dir_sysconf(void);
const char *dir_pkgdata(void); /* schema files */
const char *dir_bin(void);
/* 'name' itself if absolute, else DIR/name; the caller frees. */
char *path_in(const char *dir, const char *name);

#endif
