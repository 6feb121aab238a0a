using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Controllers;

/// <summary>What an Event is about; <see cref="FieldPath"/> names a part of it, such as <c>spec.containers{web}</c>, or is empty.</summary>
public sealed record EventSubject(string ApiVersion, string Kind, ObjectKey Key, string Uid, string FieldPath = "")
{
    /// <summary>The subject for an object of <paramref name="type"/>.</summary>
    public static EventSubject Of(ResourceType type, RowMeta meta) =>
        new(type.ApiVersion, type.Kind, meta.Key, meta.Uid);
}

/// <summary>
/// Writes Events (core/v1). The same reason and message on the same object again raises the count of the Event that is there.
/// An Event that cannot be stored is logged, never a failure of what it tells about.
/// </summary>
public sealed class EventRecorder
{
    // Enough for what a busy cluster repeats; what falls out only starts a new Event instead of counting up.
    private const int Remembered = 4096;

    // The API takes 1024 characters (core/v1 Event validation).
    private const int LongestMessage = 1000;

    private readonly IKubeApi _api;
    private readonly string _component;
    private readonly string _instance;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Uid, string FieldPath, string Reason, string Message), (string Name, int Count)> _recent = [];
    private readonly Queue<(string Uid, string FieldPath, string Reason, string Message)> _order = new();
    private long _sequence;

    /// <summary>A recorder that signs as <paramref name="component"/> on <paramref name="instance"/> (a node's name, or empty).</summary>
    public EventRecorder(IKubeApi api, string component, string instance, TimeProvider time, ILogger logger)
    {
        _api = api;
        _component = component;
        _instance = instance;
        _time = time;
        _logger = logger;
        _sequence = time.GetUtcNow().UtcTicks;
    }

    /// <summary>Records that something went as it should.</summary>
    public Task NormalAsync(EventSubject subject, string reason, string message, CancellationToken cancellationToken) =>
        RecordAsync(subject, "Normal", reason, message, cancellationToken);

    /// <summary>Records that something needs somebody's attention.</summary>
    public Task WarningAsync(EventSubject subject, string reason, string message, CancellationToken cancellationToken) =>
        RecordAsync(subject, "Warning", reason, message, cancellationToken);

    /// <summary>Records what several tell alike: the first of them is heard. The same text about the same object is the same occurrence, for as long as its Event is kept.</summary>
    public Task OnceAsync(EventSubject subject, bool warning, string reason, string message, CancellationToken cancellationToken)
    {
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{subject.Uid} {reason} {message}")).AsSpan(0, 8));
        return OnceAsync(subject, warning, reason, message, id, cancellationToken);
    }

    /// <summary>
    /// Records what several tell alike: the first of them is heard. <paramref name="id"/> tells one occurrence from another, in letters of an object's name.
    /// </summary>
    public async Task OnceAsync(EventSubject subject, bool warning, string reason, string message, string id, CancellationToken cancellationToken)
    {
        message = message.Length > LongestMessage ? message[..LongestMessage] : message;
        var (space, name) = (subject.Key.Namespace.Length == 0 ? "default" : subject.Key.Namespace, $"{subject.Key.Name}.{id}");
        try
        {
            var body = New(subject, space, name, warning ? "Warning" : "Normal", reason, message, _time.GetUtcNow().ToApiTime());
            await _api.CreateAsync(ResourceTypes.Events, space, body, cancellationToken);
        }
        catch (KubeException e) when (e.IsAlreadyExists)
        {
            return;
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or IOException)
        {
            ControllersLog.EventLost(_logger, reason, subject.Kind, subject.Key, e.Message);
        }
    }

    private async Task RecordAsync(EventSubject subject, string type, string reason, string message, CancellationToken cancellationToken)
    {
        message = message.Length > LongestMessage ? message[..LongestMessage] : message;
        var (name, count) = Count(subject, reason, message);
        var space = subject.Key.Namespace.Length == 0 ? "default" : subject.Key.Namespace;
        var now = _time.GetUtcNow().ToApiTime();
        try
        {
            if (count > 1)
            {
                var again = new JsonObject { ["count"] = count, ["lastTimestamp"] = now };
                await _api.PatchAsync(ResourceTypes.Events, space, name, "", PatchKind.Merge, again, cancellationToken);
                return;
            }

            await _api.CreateAsync(ResourceTypes.Events, space, New(subject, space, name, type, reason, message, now), cancellationToken);
        }
        catch (KubeException e) when (e.Code == 404 && count > 1)
        {
            Forget(subject, reason, message);
            await RecordAsync(subject, type, reason, message, cancellationToken);
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or IOException)
        {
            Forget(subject, reason, message);
            ControllersLog.EventLost(_logger, reason, subject.Kind, subject.Key, e.Message);
        }
    }

    private (string Name, int Count) Count(EventSubject subject, string reason, string message)
    {
        lock (_gate)
        {
            var key = (subject.Uid, subject.FieldPath, reason, message);
            if (_recent.TryGetValue(key, out var known))
            {
                return _recent[key] = (known.Name, known.Count + 1);
            }

            if (_order.Count >= Remembered)
            {
                _recent.Remove(_order.Dequeue());
            }

            _order.Enqueue(key);
            return _recent[key] = ($"{subject.Key.Name}.{(++_sequence).ToString("x", CultureInfo.InvariantCulture)}", 1);
        }
    }

    private void Forget(EventSubject subject, string reason, string message)
    {
        lock (_gate)
        {
            _recent.Remove((subject.Uid, subject.FieldPath, reason, message));
        }
    }

    private static JsonObject Reference(EventSubject subject)
    {
        var reference = new JsonObject
        {
            ["apiVersion"] = subject.ApiVersion,
            ["kind"] = subject.Kind,
            ["name"] = subject.Key.Name,
            ["uid"] = subject.Uid,
        };
        if (subject.Key.Namespace.Length > 0)
        {
            reference["namespace"] = subject.Key.Namespace;
        }

        if (subject.FieldPath.Length > 0)
        {
            reference["fieldPath"] = subject.FieldPath;
        }

        return reference;
    }

    private JsonObject New(EventSubject subject, string space, string name, string type, string reason, string message, string now) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Event",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = space },
        ["involvedObject"] = Reference(subject),
        ["type"] = type,
        ["reason"] = reason,
        ["message"] = message,
        ["source"] = _instance.Length == 0 ? new JsonObject { ["component"] = _component } : new JsonObject { ["component"] = _component, ["host"] = _instance },
        ["reportingComponent"] = _component,
        ["reportingInstance"] = _instance,
        ["firstTimestamp"] = now,
        ["lastTimestamp"] = now,
        ["count"] = 1,
    };
}
