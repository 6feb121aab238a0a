using System.Runtime.ExceptionServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Namespaces;

/// <summary>
/// Runs code on a thread that is thrown away afterwards, so that the code may change what Linux keeps per thread: namespaces, root directory,
/// credentials, capabilities. Sockets opened and children started there keep what the thread had.
/// </summary>
/// <remarks>
/// The code must not wait for tasks or start managed threads: those run elsewhere, and a thread that has unshared its PID namespace cannot make
/// threads. After <see cref="Mounts.PivotRoot"/> it should do little more than <see cref="Processes.PreparedProcess.Start"/>, prepared before.
/// </remarks>
public static class OwnThread
{
    private const int StackBytes = 512 * 1024;

    /// <summary>Runs <paramref name="body"/> and returns its result or rethrows its exception. Blocks the caller meanwhile.</summary>
    public static T Run<T>(Func<T> body)
    {
        var result = default(T)!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = body();
                }
                catch (Exception e) when (Capture(e, out failure))
                {
                    // Thrown again on the caller's thread below.
                }
            },
            StackBytes)
        { IsBackground = true, Name = "fairlead-ns" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Runs <paramref name="body"/> or rethrows its exception. Blocks the caller meanwhile.</summary>
    public static void Run(Action body) => Run(() =>
    {
        body();
        return true;
    });

    /// <summary>Gives the calling thread new namespaces. Call it inside <see cref="Run{T}"/> only.</summary>
    /// <exception cref="LinuxException">Not permitted, or the kernel lacks a kind.</exception>
    public static void Unshare(NamespaceKinds kinds) => LinuxException.Check(Libc.Unshare((int)kinds), $"unshare {kinds}");

    /// <summary>Moves the calling thread into the namespace that <paramref name="path"/> names. Call it inside <see cref="Run{T}"/> only.</summary>
    /// <param name="path">For example <c>/proc/7/ns/net</c>.</param>
    /// <param name="kind">Its one kind. For <see cref="NamespaceKinds.Mount"/> the thread gets a file system view of its own first.</param>
    /// <exception cref="LinuxException">No such namespace, another kind, or not permitted.</exception>
    public static void Enter(string path, NamespaceKinds kind)
    {
        using var file = new SafeFd(LinuxException.Check(Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0), $"open {path}"));
        Enter(file, kind, path);
    }

    /// <summary>
    /// Moves the calling thread into several namespaces at once. Call it inside <see cref="Run{T}"/> only. A mount namespace brings its root
    /// directory along; a PID namespace is that of children started later.
    /// </summary>
    /// <param name="handle">A namespace descriptor, or a process descriptor (Linux 5.8), whose namespaces are meant.</param>
    /// <param name="kinds">Which ones.</param>
    /// <param name="what">Its name in the error message.</param>
    /// <exception cref="LinuxException">The process is gone, or not permitted.</exception>
    public static void Enter(SafeFd handle, NamespaceKinds kinds, string what)
    {
        if (kinds.HasFlag(NamespaceKinds.Mount))
        {
            Unshare(NamespaceKinds.FileSystemView);
        }

        LinuxException.Check(Libc.SetNs(handle, (int)kinds), $"setns {what} {kinds}");
    }

    private static bool Capture(Exception exception, out ExceptionDispatchInfo? failure)
    {
        failure = ExceptionDispatchInfo.Capture(exception);
        return true;
    }
}
