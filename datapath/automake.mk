# SPDX-License-Identifier: GPL-2.0

# The kernel module, where configure was told of a kernel (--with-linux=DIR).  It is built in
# datapath/kmod; datapath/linux-2.6/openvswitch_mod.ko is the name by which it was once loaded.
DEPMOD = PATH="$$PATH:/sbin:/usr/sbin" depmod

.PHONY: modules modules-install modules-uninstall modules-clean
modules:
	@test -n '$(KBUILD_DIR)' || { echo "make modules: configure with --with-linux=DIR" >&2; exit 1; }
	+@$(srcdir)/datapath/build '$(KBUILD_DIR)' datapath/kmod modules
	@$(MKDIR_P) datapath/linux-2.6
	@ln -sf ../kmod/datapath/openvswitch.ko datapath/linux-2.6/openvswitch_mod.ko

# In 'updates', where it comes before the module of the kernel itself.
modules-install: modules
	+$(srcdir)/datapath/build '$(KBUILD_DIR)' datapath/kmod INSTALL_MOD_PATH='$(DESTDIR)' \
		INSTALL_MOD_DIR=updates DEPMOD=: CONFIG_MODULE_SIG_ALL= modules_install
	test -n '$(DESTDIR)' || $(DEPMOD) -a '$(KERNEL_RELEASE)'
modules-uninstall:
	rm -f '$(DESTDIR)/lib/modules/$(KERNEL_RELEASE)/updates'/openvswitch.ko*
	test -n '$(DESTDIR)' || $(DEPMOD) -a '$(KERNEL_RELEASE)'
modules-clean:
	rm -rf datapath/kmod datapath/linux-2.6
clean-local: modules-clean

if BUILD_MODULE
all-local: modules
install-exec-local: modules-install
modules_uninstall = modules-uninstall
endif

# The sources, to be built for another kernel: datapath/build KBUILD DIR.
kmodsrcdir = $(prefix)/src/openvswitch-$(VERSION)
install-module-sources:
	$(MKDIR_P) '$(DESTDIR)$(kmodsrcdir)'
	$(srcdir)/datapath/build --copy '$(DESTDIR)$(kmodsrcdir)'
uninstall-module-sources:
	rm -rf '$(DESTDIR)$(kmodsrcdir)'
.PHONY: install-module-sources uninstall-module-sources

EXTRA_DIST += datapath
