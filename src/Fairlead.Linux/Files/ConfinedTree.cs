using System.Text;
using Fairlead.Linux.Syscalls;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Linux.Files;

/// <summary>
/// A directory and what is below it, in which others may change names at any moment. Every step is taken from the descriptor of the step before and
/// follows no link by itself, so that no name swapped for a link leads out: a link's text is read and understood within the tree, as
/// <c>RESOLVE_IN_ROOT</c> of openat2(2) does, which cannot make what is missing. Not safe for use from several threads at once.
/// </summary>
public sealed class ConfinedTree : IDisposable
{
    private const int MaxLinks = 40;
    private const int MaxLinkBytes = 4096;

    private readonly SafeFd _root;

    private ConfinedTree(SafeFd root) => _root = root;

    private enum Missing
    {
        Fails,
        Directory,
        File,
    }

    /// <summary>Opens a directory, or a file, which then is all there is.</summary>
    /// <param name="path">A path that only trusted parties can change; links in it are followed.</param>
    /// <exception cref="LinuxException">No such file or directory.</exception>
    public static ConfinedTree Open(string path) =>
        new(new SafeFd(LinuxException.Check(Libc.Open(path, Libc.O_PATH | Libc.O_CLOEXEC, 0), $"open {path}")));

    /// <summary>Finds a file or directory, following links within the tree.</summary>
    /// <param name="path">A path below the root, with or without a slash before it; empty for the root.</param>
    /// <returns>A descriptor that names it and gives no access (<c>O_PATH</c>).</returns>
    /// <exception cref="LinuxException">No such file, or too many links.</exception>
    public SafeFd Find(string path) => Walk(path, Missing.Fails, followLinks: true);

    /// <summary>Finds a directory, and makes those that are missing on the way, mode 0755.</summary>
    /// <exception cref="LinuxException">The kernel refused it, or too many links.</exception>
    public SafeFd MakeDirectory(string path) => Walk(path, Missing.Directory, followLinks: true);

    /// <summary>Finds a file, and makes it, empty with mode 0644, and the directories on the way where they are missing.</summary>
    /// <exception cref="LinuxException">The kernel refused it, or too many links.</exception>
    public SafeFd MakeFile(string path) => Walk(path, Missing.File, followLinks: true);

    /// <summary>Replaces a file in one step; makes directories on the way, and follows no link at all.</summary>
    /// <param name="path">A path below the root, without <c>..</c>.</param>
    /// <param name="content">What the file is to have.</param>
    /// <param name="mode">Its permissions, not narrowed by the umask.</param>
    /// <param name="group">Its group; null for that of the process or, below a directory with the setgid bit, of the directory.</param>
    /// <exception cref="LinuxException">The kernel refused it, or there is a link on the way.</exception>
    public void Write(string path, ReadOnlySpan<byte> content, uint mode, uint? group)
    {
        var slash = path.LastIndexOf('/');
        using var directory = Walk(path[..Math.Max(slash, 0)], Missing.Directory, followLinks: false);
        var fresh = $".{Guid.NewGuid():N}";
        var flags = Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW | Libc.O_CLOEXEC;
        using (var file = new SafeFd(LinuxException.Check(Libc.OpenAt(directory, fresh, flags, 0x180), $"open a new {path}")))
        {
            if (group is { } id)
            {
                LinuxException.Check(Libc.Chown(file, uint.MaxValue, id), $"chown {path}");
            }

            LinuxException.Check(Libc.ChangeMode(file, mode), $"chmod {path}");
            using var stream = new FileStream(new SafeFileHandle(file.Number, ownsHandle: false), FileAccess.Write, 0);
            stream.Write(content);
        }

        if (Libc.RenameAt(directory, fresh, directory, path[(slash + 1)..]) < 0)
        {
            var failure = LinuxException.Last($"rename {path}");
            _ = Libc.UnlinkAt(directory, fresh, 0);
            throw failure;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").Reverse();

    private static SafeFd Step(SafeFd parent, string name, Missing missing, string path)
    {
        var flags = Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC;
        var child = Libc.OpenAt(parent, name, flags, 0);
        if (child >= 0)
        {
            return new SafeFd(child);
        }

        var failure = LinuxException.Last($"open {path}");
        if (failure.Errno != Errno.ENOENT || missing == Missing.Fails)
        {
            throw failure;
        }

        if (missing == Missing.Directory)
        {
            Made(Libc.MakeDirectoryAt(parent, name, 0x1ED), $"mkdir {path}");
        }
        else
        {
            using var file = new SafeFd(Made(
                Libc.OpenAt(parent, name, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0x1A4), $"create {path}"));
        }

        return new SafeFd(LinuxException.Check(Libc.OpenAt(parent, name, flags, 0), $"open {path}"));
    }

    // Somebody else may have made it meanwhile: what it is, the next look tells.
    private static int Made(int result, string operation) =>
        result >= 0 ? result : LinuxException.Last(operation) is { Errno: not Errno.EEXIST } failure ? throw failure : -1;

    /// <summary>The text of a link; null for anything else.</summary>
    private static string? LinkText(SafeFd file)
    {
        Span<byte> buffer = stackalloc byte[MaxLinkBytes];
        var count = (int)Libc.ReadLinkAt(file, "", buffer, MaxLinkBytes);
        return count < 0 ? null : Encoding.UTF8.GetString(buffer[..count]);
    }

    private static void Clear(Stack<SafeFd> way)
    {
        while (way.TryPop(out var step))
        {
            step.Dispose();
        }
    }

    private SafeFd Walk(string path, Missing missing, bool followLinks)
    {
        var pending = new Stack<string>(Parts(path));
        var way = new Stack<SafeFd>();
        try
        {
            for (var links = 0; pending.TryPop(out var part);)
            {
                if (part == "..")
                {
                    (way.TryPop(out var left) ? left : null)?.Dispose();
                    continue;
                }

                var make = missing == Missing.File && pending.Count > 0 ? Missing.Directory : missing;
                var child = Step(way.TryPeek(out var parent) ? parent : _root, part, make, path);
                if (LinkText(child) is not { } target)
                {
                    way.Push(child);
                    continue;
                }

                child.Dispose();
                if (!followLinks || ++links > MaxLinks)
                {
                    throw new LinuxException(Errno.ELOOP, $"open {path}");
                }

                if (target.StartsWith('/'))
                {
                    Clear(way);
                }

                foreach (var step in Parts(target))
                {
                    pending.Push(step);
                }
            }

            return way.TryPop(out var found) ? found : _root.Duplicate();
        }
        finally
        {
            Clear(way);
        }
    }
}
