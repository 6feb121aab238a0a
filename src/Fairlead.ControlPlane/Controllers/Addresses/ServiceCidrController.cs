using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Controllers.Addresses;

/// <summary>
/// Makes new ServiceCIDRs Ready, so that Services get addresses from them, and keeps those that are being deleted until no Service has an address that
/// no other range holds (KEP-1880). The range of the cluster itself comes back when it was deleted.
/// </summary>
internal sealed class ServiceCidrController : IController, IDisposable
{
    /// <summary>The ServiceCIDR of the ranges that the control plane was started with.</summary>
    public const string OwnRange = "kubernetes";

    /// <summary>How long a deleted range waits at least, for writes of Services that began before it was deleted (as upstream).</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ControllerContext _context;
    private readonly Informer<ServiceRangeInfo> _ranges;
    private readonly InformerIndex<ServiceRangeInfo> _leaving;
    private readonly ReconcileLoop<string> _loop;

    // The cluster's own range as last seen.
    private volatile ServiceRangeInfo? _own;

    public ServiceCidrController(ControllerContext context)
    {
        _context = context;
        _ranges = context.Reflectors.Inform(ResourceTypes.ServiceCidrs, ServiceRangeInfo.Read);
        _leaving = _ranges.AddIndex(range => range.Meta.Deleted is null ? [] : [""]);
        _loop = context.Loop<string>(Name, ReconcileAsync, 1);
        _ranges.Changed += OnRange;
        context.Services.Changed += (old, service) =>
        {
            // One that is new here may have been made before a range was deleted, and be heard of after that.
            if ((old?.Addresses ?? default) != (service?.Addresses ?? default))
            {
                TryLeaving();
            }
        };
    }

    public string Name => "servicecidr";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_context.Services.Synced, _ranges.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private void OnRange(ServiceRangeInfo? old, ServiceRangeInfo? range)
    {
        var seen = (range ?? old)!;
        if (seen.Meta.Key.Name == OwnRange)
        {
            _own = seen;
        }

        _loop.Queue.Add(seen.Meta.Key.Name);
        TryLeaving();
    }

    private void TryLeaving()
    {
        foreach (var range in _leaving[""])
        {
            _loop.Queue.Add(range.Meta.Key.Name);
        }
    }

    private async Task ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (_ranges.Get(new ObjectKey("", name)) is not { } range)
        {
            await RestoreOwnAsync(name, cancellationToken);
        }
        else if (range.Meta.Deleted is null)
        {
            await AdmitAsync(range, cancellationToken);
        }
        else if (range.IsProtected)
        {
            await LetGoAsync(range, cancellationToken);
        }
    }

    private async Task RestoreOwnAsync(string name, CancellationToken cancellationToken)
    {
        if (name == OwnRange && _own is { } own)
        {
            var body = new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = OwnRange },
                ["spec"] = new JsonObject { ["cidrs"] = own.Ranges.Select(range => range.ToString()).ToJson() },
            };
            _ranges.Observe(await _context.Api.CreateAsync(ResourceTypes.ServiceCidrs, "", body, cancellationToken));
        }
    }

    /// <summary>Protected first: no address is given from a range that could be gone at once.</summary>
    private async Task AdmitAsync(ServiceRangeInfo range, CancellationToken cancellationToken)
    {
        if (!range.IsProtected)
        {
            await FinalizeAsync(range, range.Meta.Finalizers.Append(ServiceRangeInfo.Finalizer), cancellationToken);
        }

        if (range.Ready != "True")
        {
            await SayAsync(range, "True", "", "Kubernetes Service CIDR is ready", cancellationToken);
        }
    }

    private async Task LetGoAsync(ServiceRangeInfo range, CancellationToken cancellationToken)
    {
        if (HoldsAlone(range))
        {
            if (range.Ready != "False")
            {
                await SayAsync(
                    range, "False", "Terminating",
                    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR", cancellationToken);
            }

            return;
        }

        var wait = range.Meta.Deleted!.Value + Grace - _context.Time.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            _loop.Queue.AddAfter(range.Meta.Key.Name, wait);
            return;
        }

        await FinalizeAsync(range, range.Meta.Finalizers.Where(name => name != ServiceRangeInfo.Finalizer), cancellationToken);
    }

    /// <summary>True while a Service has an address of the range that no range holds which stays.</summary>
    private bool HoldsAlone(ServiceRangeInfo range)
    {
        var others = _ranges.Rows.Where(other => other.Meta.Deleted is null).ToList();
        return _context.Services.Rows.SelectMany(service => service.Addresses).Select(IpAddr.Parse)
            .Any(address => range.Contains(address) && !others.Any(other => other.Contains(address)));
    }

    private async Task FinalizeAsync(ServiceRangeInfo range, IEnumerable<string> finalizers, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject
        {
            // A list is patched as a whole: only onto the version it was read from.
            ["resourceVersion"] = range.Meta.ResourceVersion.ToString(CultureInfo.InvariantCulture),
            ["finalizers"] = finalizers.ToJson(),
        };
        var answer = await _context.Api.PatchAsync(
            ResourceTypes.ServiceCidrs, "", range.Meta.Key.Name, "", PatchKind.Merge, new JsonObject { ["metadata"] = metadata }, cancellationToken);
        if (range.Meta.Deleted is null)
        {
            _ranges.Observe(answer);
        }
    }

    private async Task SayAsync(ServiceRangeInfo range, string ready, string reason, string message, CancellationToken cancellationToken)
    {
        var condition = ReadyCondition(ready, reason, message, _context.Time.GetUtcNow());
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        _ranges.Observe(await _context.Api.PatchAsync(
            ResourceTypes.ServiceCidrs, "", range.Meta.Key.Name, "status", PatchKind.Strategic, patch, cancellationToken));
    }

    /// <summary>A condition of type Ready (meta/v1 Condition).</summary>
    public static JsonObject ReadyCondition(string status, string reason, string message, DateTimeOffset now) => new()
    {
        ["type"] = "Ready",
        ["status"] = status,
        ["reason"] = reason,
        ["message"] = message,
        ["lastTransitionTime"] = now.ToApiTime(),
    };
}
