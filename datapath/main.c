// SPDX-License-Identifier: GPL-2.0
/* The module: what it registers, and what each network namespace has. */
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "action.h"
#include "conntrack.h"
#include "dp.h"
#include "flow.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct workqueue_struct *dp_wq;
static DECLARE_WORK(detached_work, dp_detached_work);
static LIST_HEAD(dp_nets); /* dp_lock */

/* ---- namespaces ----------------------------------------------------------- */

static int __net_init dp_net_init(struct net *net)
{
	struct dp_net *dpn = dp_net(net);
	int err;

	INIT_LIST_HEAD(&dpn->dps);
	dpn->net = net;
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	err = ct_net_init(net);
	if (err)
		return err;
	err = ct_limit_net_init(net);
	if (err) {
		ct_net_exit(net);
		return err;
	}
#else
	err = 0;
#endif
	mutex_lock(&dp_lock);
	list_add_tail(&dpn->node, &dp_nets);
	mutex_unlock(&dp_lock);
	return err;
}

/* Internal ports of other namespaces' datapaths whose devices were moved to this one. */
static void dp_net_evict(struct net *net)
{
	struct dp_port *port;
	struct datapath *dp;
	struct dp_net *dpn;
	unsigned long no;

	list_for_each_entry(dpn, &dp_nets, node) {
		list_for_each_entry(dp, &dpn->dps, node) {
			if (dp->net == net)
				continue;
			xa_for_each(&dp->ports, no, port)
				if (dev_net(port->dev) == net) {
					vport_notify_del(port);
					dp_port_del(port);
				}
		}
	}
}

/* As that of a device: before the namespace unregisters the devices that are left. */
static void __net_exit dp_net_exit(struct net *net)
{
	struct dp_net *dpn = dp_net(net);
	struct datapath *dp, *next;

	mutex_lock(&dp_lock);
	list_for_each_entry_safe(dp, next, &dpn->dps, node)
		dp_destroy(dp);
	dp_net_evict(net);
	list_del(&dpn->node);
	mutex_unlock(&dp_lock);
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	ct_limit_net_exit(net);
	ct_net_exit(net);
#endif
}

static struct pernet_operations dp_net_ops = {
	.init = dp_net_init,
	.exit = dp_net_exit,
	.id = &dp_net_id,
	.size = sizeof(struct dp_net),
};

/* ---- devices that go ------------------------------------------------------- */

static int dp_netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct dp_port *port;

	/* also sent when it leaves its namespace */
	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	port = port_netdev_of_dev(dev);
	if (port) {
		/* upper devices and the handler have to be gone when this returns */
		port_netdev_detach(port);
		queue_work(dp_wq, &detached_work);
	}
	return NOTIFY_DONE;
}

static struct notifier_block dp_netdev_notifier = {
	.notifier_call = dp_netdev_event,
};

/**
 * dp_detached_work() - delete the ports whose devices have gone
 * @work: the module's only one
 * Context: workqueue.
 */
void dp_detached_work(struct work_struct *work)
{
	struct dp_port *port;
	struct datapath *dp;
	struct dp_net *dpn;
	unsigned long no;

	mutex_lock(&dp_lock);
	list_for_each_entry(dpn, &dp_nets, node) {
		list_for_each_entry(dp, &dpn->dps, node) {
			xa_for_each(&dp->ports, no, port)
				if (!READ_ONCE(port->is_attached)) {
					vport_notify_del(port);
					dp_port_del(port);
				}
		}
	}
	mutex_unlock(&dp_lock);
}

/* ---- module ---------------------------------------------------------------- */

static struct genl_family *const families[] = {
	&dp_datapath_family, &dp_vport_family, &dp_flow_family, &dp_packet_family, &dp_meter_family,
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	&dp_ct_limit_family,
#endif
	&dp_drop_family,
};

static struct dp_port_ops *const port_kinds[] = {
	&port_netdev_ops, &port_internal_ops, &port_gre_ops, &port_vxlan_ops, &port_geneve_ops,
};

static int __init dp_module_init(void)
{
	unsigned int n_families = 0, n_kinds = 0;
	int err;

	/* Taking a device away waits for work of others that reclaims no memory: nor may this. */
	dp_wq = alloc_workqueue("openvswitch", WQ_UNBOUND, 0);
	if (!dp_wq)
		return -ENOMEM;
	err = drop_module_init();
	if (err)
		goto err_wq;
	err = actions_module_init();
	if (err)
		goto err_drop;
	err = flow_module_init();
	if (err)
		goto err_actions;
	err = port_internal_module_init();
	if (err)
		goto err_flow;
	err = register_pernet_device(&dp_net_ops);
	if (err)
		goto err_internal;
	err = register_netdevice_notifier(&dp_netdev_notifier);
	if (err)
		goto err_pernet;
	for (; n_kinds < ARRAY_SIZE(port_kinds); n_kinds++) {
		err = dp_port_ops_register(port_kinds[n_kinds]);
		if (err)
			goto err_kinds;
	}
	for (; n_families < ARRAY_SIZE(families); n_families++) {
		err = genl_register_family(families[n_families]);
		if (err)
			goto err_families;
	}
	return 0;

err_families:
	while (n_families--)
		genl_unregister_family(families[n_families]);
err_kinds:
	while (n_kinds--)
		dp_port_ops_unregister(port_kinds[n_kinds]);
	unregister_netdevice_notifier(&dp_netdev_notifier);
err_pernet:
	unregister_pernet_device(&dp_net_ops);
err_internal:
	port_internal_module_exit();
err_flow:
	rcu_barrier();
	flow_module_exit();
err_actions:
	actions_module_exit();
err_drop:
	drop_module_exit();
err_wq:
	destroy_workqueue(dp_wq);
	return err;
}

static void __exit dp_module_exit(void)
{
	unsigned int i;

	/* no more requests, no more events, then the datapaths with all that is in them */
	for (i = 0; i < ARRAY_SIZE(families); i++)
		genl_unregister_family(families[i]);
	unregister_netdevice_notifier(&dp_netdev_notifier);
	cancel_work_sync(&detached_work);
	unregister_pernet_device(&dp_net_ops);
	for (i = 0; i < ARRAY_SIZE(port_kinds); i++)
		dp_port_ops_unregister(port_kinds[i]);
	port_internal_module_exit();
	/* datapaths go by RCU to the workqueue, and what they hold by RCU from there */
	rcu_barrier();
	destroy_workqueue(dp_wq);
	rcu_barrier();
	flow_module_exit();
	actions_module_exit();
	drop_module_exit();
}

module_init(dp_module_init);
module_exit(dp_module_exit);

MODULE_DESCRIPTION("Virtual switch: flow cache in the receive path, driven over Generic Netlink");
MODULE_LICENSE("GPL");
MODULE_ALIAS("openvswitch_mod");
MODULE_ALIAS_RTNL_LINK("openvswitch");
MODULE_ALIAS_GENL_FAMILY(OVS_DATAPATH_FAMILY);
MODULE_ALIAS_GENL_FAMILY(OVS_VPORT_FAMILY);
MODULE_ALIAS_GENL_FAMILY(OVS_FLOW_FAMILY);
MODULE_ALIAS_GENL_FAMILY(OVS_PACKET_FAMILY);
MODULE_ALIAS_GENL_FAMILY(OVS_METER_FAMILY);
MODULE_ALIAS_GENL_FAMILY(OVS_CT_LIMIT_FAMILY);
