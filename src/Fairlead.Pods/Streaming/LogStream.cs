using System.Globalization;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>Answers <c>kubectl logs</c>: which of a container's runs is meant, and its text.</summary>
internal sealed class LogStream(PodsContext context, PodWorker pod, ContainerRecord container)
{
    internal async Task ServeAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var query = LogQuery.Parse(http.Request.Query, context.Time.GetUtcNow());
        var standIn = container.StandIn is not null;
        var run = standIn ? -1 : Run(query.Previous);
        http.Response.ContentType = "text/plain";
        await http.Response.StartAsync(cancellationToken);
        await http.Response.Body.FlushAsync(cancellationToken);
        if (standIn)
        {
            await StandInAsync(http, query, cancellationToken);
            return;
        }

        var path = PathOf(run);
        var live = container.Log is { } log && log.Path == path ? log : null;
        await LogReader.CopyAsync(path, live, query.Options, http.Response.Body, cancellationToken);
    }

    /// <summary>A stand-in has no output of its own; an empty answer would hide that the image is not run.</summary>
    private async Task StandInAsync(HttpContext http, LogQuery query, CancellationToken cancellationToken)
    {
        if (query.Options.TailLines != 0)
        {
            await http.Response.WriteAsync(
                $"fairlead: image \"{container.Spec.Image}\" is not run: {PodWarnings.StandInReason(container.Spec)}; its stand-in writes no log\n", cancellationToken);
        }

        if (query.Options.Follow)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pod.Stopping);
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, either.Token).ContinueWith(
                _ => true, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>The number of the run that is meant: while a container waits to be restarted, its latest one is both the current and the previous.</summary>
    private int Run(bool previous)
    {
        var active = container.Process is not null || container.Ended is not null;
        var latest = active ? container.RestartCount : Latest();
        if (!previous)
        {
            return latest >= 0 ? latest : throw new StreamRefusal(
                400, $"container \"{container.Spec.Name}\" in pod \"{pod.Spec.Name}\" is waiting to start: {container.WaitingReason}");
        }

        var wanted = active ? latest - 1 : latest;
        return wanted >= 0 && (File.Exists(PathOf(wanted)) || container.Last is not null) ? wanted : throw new StreamRefusal(
            400, $"previous terminated container \"{container.Spec.Name}\" in pod \"{pod.Spec.Name}\" not found");
    }

    private int Latest()
    {
        var directory = pod.Paths.Logs(container.Spec.Name);
        var files = Directory.Exists(directory) ? Directory.GetFiles(directory, "*.log") : [];
        var onDisk = files.Select(file => int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var run) ? run : -1);
        return onDisk.Append(container.Last is null ? -1 : container.RestartCount - 1).Max();
    }

    private string PathOf(int run) => string.Create(CultureInfo.InvariantCulture, $"{pod.Paths.Logs(container.Spec.Name)}/{run}.log");
}
