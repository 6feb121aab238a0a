using System.Data.Common;
using System.Net.Sockets;
using Fairlead.Linux;
using Fairlead.Nftables;
using Fairlead.Terminal;
using Microsoft.Data.Sqlite;

namespace Fairlead.OneMachine;

/// <summary>What a failed start tells the user. Pure.</summary>
internal static class StartFailure
{
    /// <summary>ENOSPC: .NET hands the error number on as the result.</summary>
    private const int NoSpace = 28;

    /// <summary>SQLITE_FULL (sqlite.org/rescode.html).</summary>
    private const int SqliteFull = 13;

    /// <summary>The error to show, and whether the log has more to say; null when it is a mistake of ours, to be shown as it is.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="paths">Where the cluster keeps things.</param>
    public static (UserError Error, bool SeeLog)? Explain(Exception error, ClusterPaths paths) => error switch
    {
        UserError told => (told, false),
        _ when IsFull(error) => (new UserError($"no space left for {paths.State}: {error.Message}", "make room on its file system, then `fairlead up` again"), false),
        TimeoutException => (new UserError(error.Message, $"the logs are in {paths.Logs}"), true),
        LinuxException or NftException or IOException or UnauthorizedAccessException or DbException or SocketException =>
            (new UserError(error.Message, $"the log is {paths.Log("up")}"), true),
        _ => null,
    };

    private static bool IsFull(Exception error) =>
        error is IOException { HResult: NoSpace } or LinuxException { Errno: Errno.ENOSPC } or SqliteException { SqliteErrorCode: SqliteFull }
        || (error.InnerException is { } inner && IsFull(inner));
}
