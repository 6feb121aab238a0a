using System.Runtime.InteropServices;

namespace Fairlead.Linux.Route;

/// <summary>struct ifinfomsg (<c>linux/rtnetlink.h</c>): the header of link messages.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IfInfoMsg
{
    internal byte Family;
    internal byte Pad;
    internal ushort LinkType;
    internal int Index;
    internal uint Flags;
    internal uint Change;
}
