# SPDX-License-Identifier: GPL-2.0-only
"""SiFive's HiFive Unleashed: a DMA controller of its own, no IOMMU."""

from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch='riscv',
    kconfig='',
    qemu_arch='riscv64',
    kernel_path='arch/riscv/boot/Image',
    kernel_command_line='console=ttySIF0 panic=-1',
    extra_qemu_params=['-M', 'sifive_u', '-smp', '3'])
