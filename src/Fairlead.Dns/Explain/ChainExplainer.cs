using System.Net;
using Fairlead.Cluster;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using static Fairlead.Dns.Explain.ExplanationWords;

namespace Fairlead.Dns.Explain;

/// <summary>
/// Says why a name answers as it does under a configuration: which server block it belongs to, which plugin of it has the last word, and why. It follows the
/// same order as <see cref="DnsChain"/>, from the text and the tables alone; upstreams are not asked.
/// </summary>
/// <param name="chains">The configuration.</param>
/// <param name="tables">The cluster.</param>
/// <param name="zone">The zone that the cluster's pods search, lower case, without dots at its ends.</param>
internal sealed class ChainExplainer(DnsChains chains, ClusterTables tables, string zone)
{
    private const int MaxAliases = 10;

    /// <summary>What becomes of a name, and why.</summary>
    /// <param name="name">Dotted, without a dot at its end.</param>
    /// <param name="type">What is asked for.</param>
    public NameAccount Explain(string name, RecordType type) => Explain(name.ToLowerInvariant(), type, 0);

    private NameAccount Explain(string name, RecordType type, int followed)
    {
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        if (chains.Find(new QueryName(DnsName.Encode(name), wire, labels)) is not { } chain)
        {
            return new NameAccount(
                followed > 0 ? ResponseCode.ServFail : ResponseCode.Refused,
                [$"no server block stands for a zone that {name} is in; there are blocks for {List(chains.All.SelectMany(one => one.Block.Zones).Select(Zone))}"])
            {
                Source = "the configuration",
            };
        }

        var account = InBlock(chain, name, type, followed);
        return chains.All.Count > 1 && followed == 0 ? account.With($"of all server blocks that of {Zone(chain.Zone)} has it: no longer zone is the name in") : account;
    }

    private NameAccount InBlock(DnsChain chain, string name, RecordType type, int followed)
    {
        var block = chain.Block;
        if ((Any(block, type) ?? Template(block, name, type) ?? Hosts(block, name, type)) is { } settled)
        {
            return settled;
        }

        if (block.Kubernetes is not { } options || ZoneOf(options, name) is not { } own)
        {
            return Upstream(chain, name, NotOfTheCluster(chain, name));
        }

        var passes = IsInAny(name, options.Fallthrough);
        var account = AddressNames.IsReverse(own) ? new NameExplainer(tables, options, own).Reverse(name, type, passes) : Named(options, own, name, type);
        if (account.Alias.Length > 0)
        {
            return Follow(options, account, type, followed);
        }

        return account.Passes || (account.Code == ResponseCode.NxDomain && passes && !AddressNames.IsReverse(own))
            ? Upstream(chain, name, [.. account.Reasons, "it is asked of the next plugin, since the configuration says `fallthrough`"])
            : account;
    }

    private NameAccount Named(KubernetesOptions options, string own, string name, RecordType type) =>
        options.IsMulticluster(own) ? new ImportNameExplainer(tables, options, own).Explain(name, type) : new NameExplainer(tables, options, own).Explain(name, type);

    private static NameAccount? Any(ServerBlock block, RecordType type) => block.MinimizesAny && type == RecordType.ANY
        ? NameAccount.Exists("the configuration's `any` answers such questions with one record that says nothing") with { Source = "plugin any" } : null;

    private static NameAccount? Template(ServerBlock block, string name, RecordType type)
    {
        var template = block.Templates.FirstOrDefault(one => (one.Type == type || one.Type == RecordType.ANY) && IsInAny(name, one.Zones));
        return template is null ? null : new NameAccount(
            template.Code,
            [$"the configuration's `template` answers {(template.Type == RecordType.ANY ? "every type" : $"type {template.Type}")} in {List(template.Zones.Select(Zone))} with {MessageText.Code(template.Code)}, before anybody else is asked"])
        {
            Source = "plugin template",
        };
    }

    private static NameAccount? Hosts(ServerBlock block, string name, RecordType type)
    {
        if (block.Hosts is not { } hosts)
        {
            return null;
        }

        if (type == RecordType.PTR)
        {
            var named = hosts.NoReverse ? null : hosts.Entries.FirstOrDefault(entry => IsReverseOf(name, entry.Address));
            return named is null ? null : NameAccount.Exists($"the configuration's `hosts` names {named.Address}") with { Source = "plugin hosts" };
        }

        if (!IsInAny(name, hosts.Zones))
        {
            return null;
        }

        if (hosts.Entries.Where(entry => entry.Names.Contains(name)).Select(entry => $"{entry.Address}").ToList() is { Count: > 0 } addresses)
        {
            return NameAccount.Exists($"the configuration's `hosts` has {name}: {List(addresses)}") with { Source = "plugin hosts" };
        }

        return IsInAny(name, hosts.Fallthrough) ? null : new NameAccount(
            ResponseCode.ServFail, [$"the configuration's `hosts` does not have {name}, and without `fallthrough` nobody else is asked"])
        { Source = "plugin hosts" };
    }

    // In the zones of the same plugin its names alone count; outside of them the alias is asked for as a client would.
    private NameAccount Follow(KubernetesOptions options, NameAccount account, RecordType type, int followed)
    {
        var reasons = account.Reasons.ToList();
        for (var i = 1; i <= MaxAliases; i++)
        {
            var alias = account.Alias;
            if (ZoneOf(options, alias) is not { } own || AddressNames.IsReverse(own))
            {
                return followed >= MaxAliases ? Loop(reasons) : Said(Explain(alias, type, followed + 1));
            }

            account = Named(options, own, alias, type);
            if (account.Alias.Length == 0)
            {
                return Said(account);
            }

            reasons.AddRange(account.Reasons);
        }

        return Loop(reasons);

        NameAccount Said(NameAccount end) => end with { Reasons = [.. reasons, .. end.Reasons] };
    }

    private static NameAccount Loop(List<string> reasons) => NameAccount.Exists([.. reasons, $"aliases lead in a circle, or further than {MaxAliases} names: there is nothing at their end"]);

    private IEnumerable<string> NotOfTheCluster(DnsChain chain, string name)
    {
        var served = chain.Block.Kubernetes?.PrimaryZone;
        yield return served is null ? "its server block has no plugin kubernetes: names of the cluster are not known in it" : $"not a name of the cluster's zone {served}";
        foreach (var meant in new NameExplainer(tables, chain.Block.Kubernetes ?? new KubernetesOptions { Zones = [zone] }, served ?? zone).Meant(name))
        {
            yield return meant;
        }
    }

    private static NameAccount Upstream(DnsChain chain, string name, IEnumerable<string> reasons)
    {
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        if (chain.ForwarderOf(new QueryName(DnsName.Encode(name), wire, labels)) is not { } forwarder)
        {
            return new NameAccount(ResponseCode.ServFail, [.. reasons, "no `forward` of its server block takes it, so that there is nobody left to ask"]) { Source = "the configuration" };
        }

        return new NameAccount(
            null,
            [
                .. reasons,
                $"it is asked upstream as it stands: of {List(Asked(chain.Block.Forwards[chain.Forwarders.ToList().IndexOf(forwarder)], forwarder))}",
                .. Kept(chain.Block.Cache, name),
            ]);
    }

    private static IEnumerable<string> Asked(ForwardOptions options, Forwarder forwarder)
    {
        var given = options.To.Select(target => target.Address).OfType<IPEndPoint>().ToList();
        var found = forwarder.Upstreams.Select(upstream => upstream.Address).Except(given).Select(address => $"{address}").ToList();
        return given.Select(address => $"{address}").Concat(options.To.All(target => target.File.Length == 0) ? []
            : found.Count > 0 ? found : ["the node's resolvers, who are not known here"]);
    }

    // What is usual is not said.
    private static IEnumerable<string> Kept(CacheOptions? cache, string name)
    {
        if (cache is null || !IsInAny(name, cache.Zones))
        {
            yield return "its answers are not kept: every query for it is asked upstream anew";
            yield break;
        }

        if (IsInAny(name, cache.DisableSuccess))
        {
            yield return "its answers are not kept: the configuration says `disable success` for it";
        }

        if (IsInAny(name, cache.DisableDenial))
        {
            yield return "that it does not exist is not kept: the configuration says `disable denial` for it";
        }
    }

    private static string? ZoneOf(KubernetesOptions options, string name) => options.Zones.Where(one => IsIn(name, one)).MaxBy(one => one.Length);

    private static bool IsReverseOf(string name, IpAddr address)
    {
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        return AddressNames.TryReverse(new QueryName(DnsName.Encode(name), wire, labels), out var named) && named == address;
    }

    private static bool IsInAny(string name, IEnumerable<string> zones) => zones.Any(one => IsIn(name, one));

    private static bool IsIn(string name, string zone) =>
        zone.Length == 0 || name == zone || (name.EndsWith(zone, StringComparison.Ordinal) && name[^(zone.Length + 1)] == '.');
}
