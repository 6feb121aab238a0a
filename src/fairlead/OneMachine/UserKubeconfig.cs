using System.Globalization;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Linux.Files;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>
/// The kubeconfig of whoever runs the program: $KUBECONFIG (the first file that exists, else the last), under sudo the invoking user's own.
/// Written beside and renamed over, under kubectl's own lock file; owner and mode stay.
/// </summary>
internal static class UserKubeconfig
{
    /// <summary>EEXIST: .NET hands the error number on as the result.</summary>
    private const int Exists = 17;

    private const int LockTries = 250;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Puts the entry in; returns the file and the context that was current before, if it was replaced.</summary>
    /// <exception cref="UserError">The file is no kubeconfig, is locked, or cannot be written; it is as it was.</exception>
    public static Task<(string File, string ReplacedContext)> MergeAsync(KubeconfigEntry entry, bool makeCurrent) => MergeAsync(FilePath(), entry, makeCurrent);

    /// <summary>As above, into a file that is named.</summary>
    internal static async Task<(string File, string ReplacedContext)> MergeAsync(string path, KubeconfigEntry entry, bool makeCurrent)
    {
        var replaced = "";
        await EditAsync(path, text =>
        {
            var current = KubeconfigText.CurrentContext(text);
            replaced = makeCurrent && current != entry.Name ? current : "";
            return KubeconfigText.Merge(text, entry, makeCurrent);
        });
        return (path, replaced);
    }

    /// <summary>Takes the entry out again; a file that holds nothing else is removed.</summary>
    public static async Task RemoveAsync(string path, string context, string restore)
    {
        if (File.Exists(path))
        {
            await EditAsync(path, text => KubeconfigText.Remove(text, context, restore));
        }
    }

    private static string FilePath()
    {
        var candidates = Candidates();
        return Array.Find(candidates, File.Exists) ?? candidates[^1];
    }

    /// <summary>The files that may be it, all of which hold credentials; at least one.</summary>
    internal static string[] Candidates()
    {
        var named = (Environment.GetEnvironmentVariable("KUBECONFIG") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (named.Length > 0)
        {
            return named;
        }

        var home = Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 } user and not "root" ? HomeOf(user) : Environment.GetEnvironmentVariable("HOME");
        return [Path.Combine(home is { Length: > 0 } ? home : "/root", ".kube", "config")];
    }

    private static string? HomeOf(string user) => File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 5 && fields[0] == user)?[5];

    private static async Task EditAsync(string path, Func<string, string> change)
    {
        path = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Own(directory);
        }

        using var hold = await LockAsync(path);
        try
        {
            Replace(path, change);
        }
        catch (FormatException e)
        {
            throw new UserError($"{path} is not a kubeconfig: {e.Message}", "it was left as it is; name another file with KUBECONFIG");
        }
    }

    /// <summary>Takes kubectl's lock: a file that is there while somebody writes (client-go tools/clientcmd). Dispose to give it back.</summary>
    private static async Task<FileStream> LockAsync(string path)
    {
        var file = path + ".lock";
        for (var left = LockTries; ; left--)
        {
            try
            {
                return new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose });
            }
            catch (IOException e) when (left > 0 && e.HResult == Exists)
            {
                await Task.Delay(LockPause, TimeProvider.System);
            }
            catch (IOException e) when (e.HResult == Exists)
            {
                throw new UserError($"{path} is locked: {e.Message}", $"if no kubectl is running, remove {file}");
            }
        }
    }

    private static void Replace(string path, Func<string, string> change)
    {
        var exists = File.Exists(path);
        var text = change(exists ? File.ReadAllText(path) : "");
        if (KubeconfigText.IsEmpty(text))
        {
            File.Delete(path);
            return;
        }

        var beside = path + ".fairlead";
        var mode = exists ? File.GetUnixFileMode(path) : UnixFileMode.UserRead | UnixFileMode.UserWrite;

        // Anew: under sudo this may be somebody else's directory, and what stands there of that name a link to anywhere.
        File.Delete(beside);
        using (var file = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        using (var writer = new StreamWriter(file))
        {
            writer.Write(text);
        }

        if (exists)
        {
            FileOwner.Of(path).Give(beside);
        }
        else
        {
            Own(beside);
        }

        File.Move(beside, path, overwrite: true);
    }

    /// <summary>Under sudo what is new belongs to the user who asked.</summary>
    private static void Own(string path)
    {
        if (uint.TryParse(Environment.GetEnvironmentVariable("SUDO_UID"), CultureInfo.InvariantCulture, out var user)
            && uint.TryParse(Environment.GetEnvironmentVariable("SUDO_GID"), CultureInfo.InvariantCulture, out var group))
        {
            new FileOwner(user, group).Give(path);
        }
    }
}
