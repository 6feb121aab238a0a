using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cni.Datapath;
using Fairlead.Cni.Ipam;
using Fairlead.Cni.Plugin;
using Fairlead.Linux;
using Fairlead.Nftables;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cni.Server;

/// <summary>The verbs of the specification, on the node's side. Requests run side by side; what they change, they change one after the other.</summary>
internal sealed class CniHandler(
    CniOptions options, NodeTables tables, AttachmentBook book, PodLink link, PodTableCommitter table, TimeProvider time, ILogger log) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private NodeState _node = NodeState.Unknown;

    /// <summary>Whether the datapath has been brought up once.</summary>
    internal bool IsReady { get; set; }

    public void Dispose() => _gate.Dispose();

    /// <summary>Serves a request; null where the specification wants no output.</summary>
    /// <exception cref="CniException">The request fails.</exception>
    internal async Task<JsonObject?> HandleAsync(CniRequest request, CancellationToken cancellationToken)
    {
        switch (request.Command)
        {
            case "ADD":
                return await AddAsync(request, cancellationToken);
            case "DEL":
                await DeleteAsync(Key(request), null);
                return null;
            case "CHECK":
                await CheckAsync(request, cancellationToken);
                return null;
            case "GC":
                await CollectAsync(request, cancellationToken);
                return null;
            case "STATUS":
                return NotReady() is { } reason ? throw new CniException(CniErrorCode.NotAvailable, reason) : null;
            default:
                return CniVersions.Answer(request.Version);
        }
    }

    /// <summary>Changes what the room knows of its node, and what the node masquerades.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    internal async Task SetNodeAsync(NodeState node, MasqueradePlan masquerade, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await table.SetMasqueradeAsync(masquerade, cancellationToken);
            _node = node;
            book.Ranges = node.Ranges;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Makes the pods' table what it should be; true when somebody else had changed it.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    internal async Task<bool> RepairTableAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await table.AdoptAsync(book.All, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Puts back what somebody else took of the node's routes to its pods.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal async Task RepairRoutesAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var attachment in link.RepairRoutes(book.All))
            {
                log.RoutesRepaired(attachment.Row.Pod, attachment.Row.HostInterface);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private static string Key(CniRequest request) => $"{request.ContainerId}/{request.IfName}";

    private string? NotReady() =>
        _node.Ranges.Count == 0 ? $"node {options.NodeName} has no spec.podCIDRs yet"
        : !IsReady ? "the node's datapath is not up yet"
        : !tables.Enforced.Initialized ? "the policy engine is not up yet"
        : null;

    private async Task<JsonObject> AddAsync(CniRequest request, CancellationToken cancellationToken)
    {
        var pod = new ObjectKey(request.Arg("K8S_POD_NAMESPACE"), request.Arg("K8S_POD_NAME"));
        if (pod.Namespace.Length == 0 || pod.Name.Length == 0)
        {
            // No policy could be found for it, so none would hold.
            throw new CniException(CniErrorCode.InvalidEnvironment, "CNI_ARGS does not name the pod: K8S_POD_NAMESPACE and K8S_POD_NAME are needed");
        }

        if (NotReady() is { } reason)
        {
            throw new CniException(CniErrorCode.TryAgainLater, reason);
        }

        var wanted = new AttachmentRow
        {
            ContainerId = request.ContainerId,
            IfName = request.IfName,
            Pod = pod,
            PodUid = request.Arg("K8S_POD_UID"),
            HostInterface = "",
            NetnsPath = request.Netns,
        };
        var attachment = await PlugAsync(wanted, PortMapping.ReadAll(request.Config), cancellationToken);
        try
        {
            await WaitEnforcedAsync(attachment, cancellationToken);
        }
        catch (Exception e) when (e is CniException or OperationCanceledException)
        {
            await DeleteAsync(attachment.Key, attachment);
            throw;
        }

        log.Plugged(pod, string.Join(", ", attachment.Row.IPs), attachment.Row.HostInterface);
        return CniResult.Of(attachment, _node.Mtu, request.Version);
    }

    private async Task<Attachment> PlugAsync(AttachmentRow wanted, ValueArray<PortMapping> ports, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var attachment = book.Reserve(wanted, ports);
            tables.Attachments.Upsert(attachment.Key, attachment.Row);
            try
            {
                // The guard comes before the link it guards.
                await table.AddAsync(attachment, book.All);
                link.Plug(attachment, _node.Mtu);
                return attachment;
            }
            catch (Exception e) when (e is CniException or LinuxException or NftException or IOException or UnauthorizedAccessException)
            {
                await UnplugAsync(attachment);
                throw;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task WaitEnforcedAsync(Attachment attachment, CancellationToken cancellationToken)
    {
        var wake = new Wake();
        using var enforced = tables.Enforced.Subscribe();
        using var attachments = tables.Attachments.Subscribe();
        enforced.Signalled += wake.Ring;
        attachments.Signalled += wake.Ring;
        using var limit = new CancellationTokenSource(options.EnforceTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (!IsEnforced(attachment.Row))
        {
            if (tables.Attachments.Get(attachment.Key) != attachment.Row)
            {
                throw new CniException(CniErrorCode.TryAgainLater, $"{attachment.Row.Pod} was deleted while it was added");
            }

            try
            {
                await wake.WaitAsync(linked.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CniException(
                    CniErrorCode.TryAgainLater,
                    $"the policies of {attachment.Row.Pod} are not in force after {options.EnforceTimeout.TotalSeconds} s: see the agent's log for its policy engine");
            }
        }
    }

    private bool IsEnforced(AttachmentRow row) =>
        tables.Enforced.Get(row.Pod) is { } enforced && row.IPs.All(ip => enforced.IPs.Contains(ip));

    /// <summary>Removes an attachment; nothing happens if it is gone, or if it is not <paramref name="expected"/> any more.</summary>
    private async Task DeleteAsync(string key, Attachment? expected)
    {
        // Not to be cancelled: a half removed pod would have to be removed by the next call.
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            if (book.TryGet(key, out var attachment))
            {
                if (expected is not null && expected != attachment)
                {
                    return;
                }

                await UnplugAsync(attachment);
                log.Unplugged(attachment.Row.Pod, string.Join(", ", attachment.Row.IPs));
            }
            else
            {
                link.Unplug(Attachment.HostInterfaceOf(key));
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    // The address is given back last: until then nobody else can get it.
    private async Task UnplugAsync(Attachment attachment)
    {
        link.Unplug(attachment.Row.HostInterface);
        tables.Attachments.Delete(attachment.Key);
        await table.RemoveAsync(attachment, [.. book.All.Where(one => one.Key != attachment.Key)]);
        book.Release(attachment.Key);
    }

    private async Task CheckAsync(CniRequest request, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!book.TryGet(Key(request), out var attachment))
            {
                throw new CniException(CniErrorCode.UnknownContainer, $"container {request.ContainerId} has no {request.IfName}");
            }

            var problem = PreviousDiffers(request.Config, attachment) is { Length: > 0 } differs ? differs : link.Check(attachment);
            if (problem.Length > 0)
            {
                throw new CniException(CniErrorCode.Damaged, $"{attachment.Row.Pod}: {problem}");
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private static string PreviousDiffers(JsonObject config, Attachment attachment)
    {
        if (config["prevResult"] is not JsonObject previous || previous["ips"] is not JsonArray ips)
        {
            return "";
        }

        var own = attachment.Row.IPs.Select(ip => $"{ip}/{ip.Family.Bits}").ToHashSet();
        var listed = ips.OfType<JsonObject>().Select(ip => CniRequest.Text(ip, "address"));
        return own.FirstOrDefault(ip => !listed.Contains(ip)) is { } missing ? $"the pod has {missing}, which prevResult does not have" : "";
    }

    private async Task CollectAsync(CniRequest request, CancellationToken cancellationToken)
    {
        if (request.Config["cni.dev/valid-attachments"] is not JsonArray valid)
        {
            throw new CniException(CniErrorCode.InvalidConfiguration, "GC needs cni.dev/valid-attachments, the list of those to keep");
        }

        var keep = valid.OfType<JsonObject>().Select(one => $"{CniRequest.Text(one, "containerID")}/{CniRequest.Text(one, "ifname")}").ToHashSet();
        foreach (var attachment in book.All.Where(one => !keep.Contains(one.Key)).ToList())
        {
            await DeleteAsync(attachment.Key, attachment);
        }
    }
}
