using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>Held for the moment in which something of the host itself is chosen or changed, by one cluster at a time.</summary>
internal static class HostLock
{
    private const int Tries = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Takes it; dispose to give it back. The kernel gives it back for a process that dies.</summary>
    /// <exception cref="UserError">Another process has held it for ten seconds.</exception>
    public static async Task<IDisposable> TakeAsync(TimeProvider time)
    {
        Directory.CreateDirectory(ClusterPaths.RunHome, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(ClusterPaths.RunHome, "host.lock");
        for (var left = Tries; ; left--)
        {
            try
            {
                // flock(2): .NET takes it for FileShare.None.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (left > 0)
            {
                await Task.Delay(Pause, time);
            }
            catch (IOException e)
            {
                throw new UserError($"another fairlead holds {path}: {e.Message}", $"`fuser {path}` shows which");
            }
        }
    }
}
