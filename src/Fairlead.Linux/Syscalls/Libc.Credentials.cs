using System.Runtime.InteropServices;

namespace Fairlead.Linux.Syscalls;

internal static partial class Libc
{
    internal const int PR_CAPBSET_READ = 23;
    internal const int PR_CAPBSET_DROP = 24;
    internal const int PR_SET_CHILD_SUBREAPER = 36;
    internal const int PR_SET_NO_NEW_PRIVS = 38;
    internal const int PR_CAP_AMBIENT = 47;
    internal const int PR_CAP_AMBIENT_CLEAR_ALL = 4;
    internal const uint CapabilityVersion3 = 0x20080522;

    internal static readonly bool IsArm64 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    // The C library's setresuid and friends change every thread of the process; the bare system calls change the calling one.
    internal static readonly nint SYS_setresuid = IsArm64 ? 147 : 117;
    internal static readonly nint SYS_setresgid = IsArm64 ? 149 : 119;
    internal static readonly nint SYS_setgroups = IsArm64 ? 159 : 116;
    internal const nint SYS_pidfd_send_signal = 424;
    internal const nint SYS_pidfd_open = 434;

    /// <summary>prctl(2).</summary>
    [LibraryImport(Library, EntryPoint = "prctl", SetLastError = true)]
    internal static partial int ProcessControl(int option, nuint arg2, nuint arg3, nuint arg4, nuint arg5);

    /// <summary>capset(2) of the calling thread, version 3: two data elements.</summary>
    [LibraryImport(Library, EntryPoint = "capset", SetLastError = true)]
    internal static partial int CapSet(in CapHeader header, ReadOnlySpan<CapData> data);

    /// <summary>syscall(2) with integers.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint SystemCall(nint number, nint arg1, nint arg2, nint arg3, nint arg4);

    /// <summary>syscall(2) for setgroups.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint SystemCall(nint number, nint count, ReadOnlySpan<uint> groups);
}

/// <summary>struct __user_cap_header_struct (<c>linux/capability.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CapHeader
{
    internal uint Version;
    internal int Pid;
}

/// <summary>struct __user_cap_data_struct (<c>linux/capability.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CapData
{
    internal uint Effective;
    internal uint Permitted;
    internal uint Inheritable;
}
