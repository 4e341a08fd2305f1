// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: frames that come in on device 'from' get the sum over their octets that some devices
 * take (CHECKSUM_COMPLETE), and those that come in on device 'to' have it checked.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_netdev.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/net_namespace.h>

static char *from, *to;
module_param(from, charp, 0444);
module_param(to, charp, 0444);
static unsigned int n_right, n_wrong, n_none;
module_param(n_right, uint, 0444);
module_param(n_wrong, uint, 0444);
module_param(n_none, uint, 0444);

static unsigned int take(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (skb->ip_summed != CHECKSUM_PARTIAL) {
		skb->csum = skb_checksum(skb, 0, skb->len, 0);
		skb->ip_summed = CHECKSUM_COMPLETE;
	}
	return NF_ACCEPT;
}

static unsigned int check(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (skb->ip_summed != CHECKSUM_COMPLETE)
		n_none++;
	else if (csum_fold(skb->csum) == csum_fold(skb_checksum(skb, 0, skb->len, 0)))
		n_right++;
	else
		n_wrong++;
	return NF_ACCEPT;
}

static struct nf_hook_ops hooks[] = {
	{ .hook = take, .pf = NFPROTO_NETDEV, .hooknum = NF_NETDEV_INGRESS },
	{ .hook = check, .pf = NFPROTO_NETDEV, .hooknum = NF_NETDEV_INGRESS },
};
static struct net *nets[ARRAY_SIZE(hooks)];

static int __init complete_init(void)
{
	const char *names[ARRAY_SIZE(hooks)] = { from, to };
	int i, err = 0;
	struct net *net;

	rtnl_lock();
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		down_read(&net_rwsem);
		for_each_net(net) {
			if (names[i] && !hooks[i].dev)
				hooks[i].dev = __dev_get_by_name(net, names[i]);
			if (hooks[i].dev && !nets[i])
				nets[i] = net;
		}
		up_read(&net_rwsem);
	}
	rtnl_unlock();
	for (i = 0; i < ARRAY_SIZE(hooks) && !err; i++)
		err = nets[i] ? nf_register_net_hook(nets[i], &hooks[i]) : -ENODEV;
	if (err)
		while (--i > 0)
			nf_unregister_net_hook(nets[i - 1], &hooks[i - 1]);
	return err;
}

static void __exit complete_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		nf_unregister_net_hook(nets[i], &hooks[i]);
}

module_init(complete_init);
module_exit(complete_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("For tests: sums over received frames, made and checked");
