using System.Globalization;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>
/// Held for the moment in which something of the host itself is chosen or changed, by one cluster at a time. Its file is there only while it is held.
/// </summary>
internal static class HostLock
{
    /// <summary>Beside <see cref="ClusterPaths.RunHome"/>, not in it: who removes that directory holds the lock.</summary>
    private const string HostPath = "/run/fairlead.lock";

    private const int Tries = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Takes it; dispose to give it back. The kernel gives it back for a process that dies.</summary>
    /// <exception cref="UserError">Another process has held it for twenty seconds.</exception>
    public static Task<IDisposable> TakeAsync(TimeProvider time) => TakeAsync(HostPath, time);

    /// <summary>As above, with a file that is named.</summary>
    internal static async Task<IDisposable> TakeAsync(string path, TimeProvider time)
    {
        for (var left = Tries; ; left--)
        {
            try
            {
                // flock(2): .NET takes it for FileShare.None.
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                if (IsAt(path, file))
                {
                    return new Hold(path, file);
                }

                await file.DisposeAsync();
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

    /// <summary>Its last holder removes the file: a lock on a removed one keeps nobody out. The kernel marks such a link <c> (deleted)</c> (proc(5)).</summary>
    private static bool IsAt(string path, FileStream file) =>
        new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}")).LinkTarget == path;

    private sealed class Hold(string path, FileStream file) : IDisposable
    {
        public void Dispose()
        {
            File.Delete(path);
            file.Dispose();
        }
    }
}
