# SPDX-License-Identifier: GPL-2.0-only
"""A PC whose VT-d IOMMU flushes on every unmap, with the edu function behind it."""

from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch='x86_64',
    kconfig='',
    qemu_arch='x86_64',
    kernel_path='arch/x86/boot/bzImage',
    kernel_command_line=' '.join((
        'console=ttyS0', 'panic=-1',
        'intel_iommu=on,sm_off', 'iommu.strict=1', 'iommu.debug_pagealloc=1',
    )),
    extra_qemu_params=[
        '-M', 'q35,kernel-irqchip=split', '-cpu', 'max', '-smp', '2',
        '-device', 'intel-iommu,intremap=off', '-device', 'edu',
    ])
