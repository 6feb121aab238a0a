using System.Runtime.InteropServices;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>
/// Runs a program as on a kernel that was built without netfilter: socket(AF_NETLINK, …, NETLINK_NETFILTER) fails with EPROTONOSUPPORT, as it does there, by
/// a seccomp filter (seccomp(2)) that the program inherits.
/// </summary>
internal static class WithoutNetfilter
{
    private const int SetNoNewPrivileges = 38;
    private const int SetSeccomp = 22;
    private const int FilterMode = 2;
    private const int NetlinkNetfilter = 12;
    private const int ProtocolNotSupported = 93;

    /// <summary>Becomes the program; returns only when it cannot.</summary>
    public static int Run(string[] command)
    {
        var socket = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 41u : 198u;

        // struct seccomp_data: nr at 0, args[0] at 16, args[2] at 32 (lower half first).
        Filter[] filter =
        [
            Load(0), JumpUnless(socket, 5), Load(16), JumpUnless(16, 3), Load(32), JumpUnless(NetlinkNetfilter, 1),
            Return(0x0005_0000 | ProtocolNotSupported), Return(0x7FFF_0000),
        ];
        var code = GCHandle.Alloc(filter, GCHandleType.Pinned);
        var program = new Program { Length = (ushort)filter.Length, Code = code.AddrOfPinnedObject() };
        _ = Control(SetNoNewPrivileges, 1, 0, 0, 0);
        return ControlFilter(SetSeccomp, FilterMode, ref program, 0, 0) != 0 ? Marshal.GetLastPInvokeError() : Execute(command[0], [.. command, null]);
    }

    private static Filter Load(uint offset) => new() { Code = 0x20, Value = offset };

    private static Filter JumpUnless(uint value, byte skip) => new() { Code = 0x15, IfFalse = skip, Value = value };

    private static Filter Return(uint value) => new() { Code = 0x06, Value = value };

#pragma warning disable SYSLIB1054 // source-generated marshalling needs unsafe code, which tests do without
    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static extern int Control(int option, nuint argument, nuint third, nuint fourth, nuint fifth);

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static extern int ControlFilter(int option, nuint mode, ref Program program, nuint fourth, nuint fifth);

    [DllImport("libc", EntryPoint = "execv", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Execute(string path, string?[] arguments);
#pragma warning restore SYSLIB1054

    [StructLayout(LayoutKind.Sequential)]
    private struct Filter
    {
        public ushort Code;
        public byte IfTrue;
        public byte IfFalse;
        public uint Value;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public nint Code;
    }
}
