using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Streaming;

/// <summary>A stream of one container, or of a pod's ports, as the pods role is asked for it. <see cref="Location"/> is kubelet's path and query.</summary>
internal sealed record StreamTarget(string Location)
{
    private const string DefaultContainer = "kubectl.kubernetes.io/default-container";

    private static readonly string[] LogOptions = ["follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes", "stream"];
    private static readonly string[] ExecOptions = ["command", "stdin", "stdout", "stderr", "tty"];

    /// <summary>Checks the request against the pod.</summary>
    /// <exception cref="StatusException">400: no such container, no node, nothing to do.</exception>
    public static StreamTarget Of(JsonObject pod, ApiPath path, IQueryCollection query)
    {
        if (path.Subresource == "portforward")
        {
            CheckScheduled(pod, path);
            return new StreamTarget($"/portForward/{path.Namespace}/{path.Name}{Query(query, ["ports"])}");
        }

        var container = Container(pod, path.Name, RequestQuery.Text(query, "container"));
        CheckScheduled(pod, path);
        if (path.Subresource == "log")
        {
            CheckLog(query);
        }
        else
        {
            CheckExec(pod, path, query);
        }

        var head = path.Subresource == "log" ? "containerLogs" : path.Subresource;
        var options = path.Subresource == "log" ? LogOptions : ExecOptions;
        return new StreamTarget($"/{head}/{path.Namespace}/{path.Name}/{container}{Query(query, options)}");
    }

    private static void CheckScheduled(JsonObject pod, ApiPath path)
    {
        if (string.IsNullOrEmpty(pod.Text("spec", "nodeName")))
        {
            throw StatusException.BadRequest($"pod {path.Name} does not have a host assigned: it is not scheduled yet");
        }
    }

    private static string Query(IQueryCollection query, string[] options)
    {
        var text = new StringBuilder();
        foreach (var option in options)
        {
            foreach (var value in query[option])
            {
                text.Append(text.Length == 0 ? '?' : '&').Append(option).Append('=').Append(Uri.EscapeDataString(value ?? ""));
            }
        }

        return text.ToString();
    }

    private static string Container(JsonObject pod, string name, string asked)
    {
        var containers = Names(pod, "containers");
        var init = Names(pod, "initContainers");
        if (asked.Length > 0)
        {
            return containers.Concat(init).Contains(asked) ? asked : throw StatusException.BadRequest($"container {asked} is not valid for pod {name}");
        }

        if (pod.Text("metadata", "annotations", DefaultContainer) is { Length: > 0 } preferred && containers.Contains(preferred))
        {
            return preferred;
        }

        if (containers.Count == 1)
        {
            return containers[0];
        }

        var choice = $"a container name must be specified for pod {name}, choose one of: [{string.Join(' ', containers)}]";
        throw StatusException.BadRequest(init.Count == 0 ? choice : $"{choice} or one of the init containers: [{string.Join(' ', init)}]");
    }

    private static List<string> Names(JsonObject pod, string field) =>
        [.. pod.List("spec", field).Items().Select(pair => pair.Item.Text("name") ?? "").Where(name => name.Length > 0)];

    private static void CheckExec(JsonObject pod, ApiPath path, IQueryCollection query)
    {
        if (pod.Text("status", "phase") is ("Succeeded" or "Failed") and var phase)
        {
            throw StatusException.BadRequest($"cannot {path.Subresource} into a container in a completed pod; current phase is {phase}");
        }

        if (path.Subresource == "exec" && query["command"].Count == 0)
        {
            throw StatusException.BadRequest("you must specify at least one command for the container");
        }

        var streams = (string[])["stdin", "stdout", "stderr"];
        if (!streams.Any(name => RequestQuery.Flag(query, name) == true))
        {
            throw StatusException.BadRequest("you must specify at least 1 of stdin, stdout, stderr");
        }
    }

    private static void CheckLog(IQueryCollection query)
    {
        var errors = new FieldErrors();
        foreach (var (name, least) in ((string, long)[])[("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)])
        {
            var text = RequestQuery.Text(query, name);
            if (text.Length > 0 && (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number < least))
            {
                errors.Add(new FieldError(FieldErrorType.Invalid, name, text, $"must be greater than or equal to {least}"));
            }
        }

        var since = RequestQuery.Text(query, "sinceTime");
        if (since.Length > 0 && !DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _))
        {
            errors.Add(new FieldError(FieldErrorType.Invalid, "sinceTime", since, "must be a time such as 2026-01-02T15:04:05Z"));
        }

        if (since.Length > 0 && RequestQuery.Text(query, "sinceSeconds").Length > 0)
        {
            errors.Add(new FieldError(FieldErrorType.Forbidden, "sinceSeconds", null, "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }

        if (!errors.IsEmpty)
        {
            throw StatusException.Invalid("", "PodLogOptions", "", errors);
        }
    }
}
