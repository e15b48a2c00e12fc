// What the firmware of a machine with a Thunderbolt port says: behind this root port, which
// is slot 5 of QEMU's q35, is the outside. The kernel trusts nothing there.
DefinitionBlock ("", "SSDT", 2, "DMABAY", "EXTERNAL", 1)
{
	External (\_SB.PCI0.S28, DeviceObj)

	Scope (\_SB.PCI0.S28)
	{
		Name (_DSD, Package ()
		{
			ToUUID ("efcc06cc-73ac-4bc3-bff0-76143807c389"),
			Package () { Package () { "ExternalFacingPort", 1 } }
		})
	}
}
