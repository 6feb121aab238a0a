using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>An Ingress that is served, with what the others leave it.</summary>
internal sealed class ServedIngress(IngressClaims claims)
{
    private readonly SortedDictionary<string, IReadOnlyList<IngressFinding>> _byHost = new(StringComparer.Ordinal);

    /// <summary>What it asks for.</summary>
    public IngressClaims Claims { get; } = claims;

    /// <summary>Why its default backend is not where everything goes that matches nothing; null: it is, or it has none.</summary>
    public IngressFinding? NoDefault { get; set; }

    /// <summary>Says what it does not get at a host; false: that is what was said before.</summary>
    public bool Lose(string host, IReadOnlyList<IngressFinding> findings)
    {
        _byHost.TryGetValue(host, out var before);
        if ((before ?? []).SequenceEqual(findings))
        {
            return false;
        }

        if (findings.Count == 0)
        {
            _byHost.Remove(host);
        }
        else
        {
            _byHost[host] = findings;
        }

        return true;
    }

    /// <summary>Its row.</summary>
    /// <param name="backends">What is missing of its backends.</param>
    public ServedIngressRow Row(IEnumerable<IngressFinding> backends) => new(
        Claims.Findings.Concat(_byHost.Values.SelectMany(findings => findings)).Concat(NoDefault is null ? [] : [NoDefault]).Concat(backends).Distinct().ToValueArray(),
        Claims.Row.Tls.Where(tls => tls.SecretName.Length > 0)
            .Select(tls => new ObjectKey(Claims.Row.Key.Namespace, tls.SecretName)).Distinct().ToValueArray());
}
