using System.Runtime.InteropServices;

namespace Fairlead.Linux.Syscalls;

internal static partial class Libc
{
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;
    internal const short POSIX_SPAWN_SETSID = 0x80;
    internal const int SIG_SETMASK = 2;
    internal const int LastSignal = 64;
    internal const int P_PIDFD = 3;
    internal const int WNOHANG = 1;
    internal const int WEXITED = 4;
    internal const int CLD_EXITED = 1;

    // Larger than posix_spawn_file_actions_t, posix_spawnattr_t, sigset_t and siginfo_t of any C library for Linux.
    internal const int OpaqueSize = 512;

    /// <summary>posix_spawn(3). Returns the error number; the child has the calling thread's namespaces and credentials.</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn")]
    internal static unsafe partial int Spawn(out int pid, byte* path, void* actions, void* attributes, byte** argv, byte** envp);

    /// <summary>posix_spawn_file_actions_init(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_init")]
    internal static unsafe partial int SpawnActionsInit(void* actions);

    /// <summary>posix_spawn_file_actions_destroy(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static unsafe partial int SpawnActionsDestroy(void* actions);

    /// <summary>posix_spawn_file_actions_adddup2(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static unsafe partial int SpawnActionsAddDup2(void* actions, int from, int to);

    /// <summary>posix_spawn_file_actions_addclose(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addclose")]
    internal static unsafe partial int SpawnActionsAddClose(void* actions, int descriptor);

    /// <summary>posix_spawn_file_actions_addopen(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int SpawnActionsAddOpen(void* actions, int descriptor, string path, int flags, uint mode);

    /// <summary>posix_spawn_file_actions_addclosefrom_np(3), glibc 2.34.</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    internal static unsafe partial int SpawnActionsAddCloseFrom(void* actions, int descriptor);

    /// <summary>posix_spawn_file_actions_addchdir_np(3), glibc 2.29.</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int SpawnActionsAddChdir(void* actions, string path);

    /// <summary>posix_spawnattr_init(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawnattr_init")]
    internal static unsafe partial int SpawnAttributesInit(void* attributes);

    /// <summary>posix_spawnattr_destroy(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawnattr_destroy")]
    internal static unsafe partial int SpawnAttributesDestroy(void* attributes);

    /// <summary>posix_spawnattr_setflags(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setflags")]
    internal static unsafe partial int SpawnAttributesSetFlags(void* attributes, short flags);

    /// <summary>posix_spawnattr_setsigdefault(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static unsafe partial int SpawnAttributesSetSigDefault(void* attributes, void* signals);

    /// <summary>posix_spawnattr_setsigmask(3).</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigmask")]
    internal static unsafe partial int SpawnAttributesSetSigMask(void* attributes, void* signals);

    /// <summary>sigemptyset(3).</summary>
    [LibraryImport(Library, EntryPoint = "sigemptyset")]
    internal static unsafe partial int SigEmptySet(void* signals);

    /// <summary>sigfillset(3).</summary>
    [LibraryImport(Library, EntryPoint = "sigfillset")]
    internal static unsafe partial int SigFillSet(void* signals);

    /// <summary>execve(2). Returns only when it fails.</summary>
    [LibraryImport(Library, EntryPoint = "execve", SetLastError = true)]
    internal static unsafe partial int Execute(byte* path, byte** argv, byte** envp);

    /// <summary>signal(2) with a number for the handler; 0 is SIG_DFL.</summary>
    [LibraryImport(Library, EntryPoint = "signal", SetLastError = true)]
    internal static partial nint SetSignal(int signal, nint handler);

    /// <summary>pthread_sigmask(3), of the calling thread. Returns the error number.</summary>
    [LibraryImport(Library, EntryPoint = "pthread_sigmask")]
    internal static unsafe partial int SetSignalMask(int how, void* signals, void* old);

    /// <summary>waitid(2) with P_PIDFD.</summary>
    [LibraryImport(Library, EntryPoint = "waitid", SetLastError = true)]
    internal static partial int WaitId(int idType, uint id, ref SigInfo info, int options);
}

/// <summary>siginfo_t as waitid(2) fills it, on a 64-bit machine (128 bytes).</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct SigInfo
{
    [FieldOffset(0)]
    internal int Signal;

    [FieldOffset(8)]
    internal int Code;

    [FieldOffset(16)]
    internal int Pid;

    [FieldOffset(24)]
    internal int Status;
}
