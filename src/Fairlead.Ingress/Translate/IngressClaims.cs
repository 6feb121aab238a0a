using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate.Annotations;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>A path that an Ingress asks for at a host.</summary>
/// <param name="Path">As it is compared.</param>
/// <param name="Type">How it is compared.</param>
/// <param name="Backend">Where it is to lead.</param>
/// <param name="Options">What the annotations say of it.</param>
internal readonly record struct PathClaim(string Path, PathType Type, BackendKey Backend, RouteOptions Options);

/// <summary>What one Ingress asks for, read and checked; whether it gets it depends on the others. Pure.</summary>
internal sealed class IngressClaims
{
    private readonly List<IngressFinding> _findings = [];
    private readonly Dictionary<string, List<PathClaim>> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ObjectKey>> _certificates = new(StringComparer.Ordinal);

    public IngressClaims(IngressRow row)
    {
        (Row, Age) = (row, Seniority.Of(row));
        var annotations = AnnotationReader.Read(row);
        _findings.AddRange(annotations.Findings);
        if (annotations.IsCanary)
        {
            return;
        }

        foreach (var rule in row.Rules)
        {
            AddRule(rule, annotations);
        }

        foreach (var tls in row.Tls)
        {
            AddCertificate(tls);
        }

        Default = row.DefaultBackend is { } backend ? Claim(new IngressPath("/", PathType.Prefix, backend), "", annotations) : null;
        Aliases = annotations.Options.Aliases.Where(IsUsableAlias).Distinct(StringComparer.Ordinal).ToValueArray();
    }

    /// <summary>The Ingress.</summary>
    public IngressRow Row { get; }

    /// <summary>Its place among those that ask for the same.</summary>
    public Seniority Age { get; }

    /// <summary>Paths by host.</summary>
    public IReadOnlyDictionary<string, List<PathClaim>> Hosts => _hosts;

    /// <summary>Further hosts for all its paths, where no rule of another Ingress has them.</summary>
    public ValueArray<string> Aliases { get; }

    /// <summary>Its default backend, as the path <c>/</c>; null: it has none.</summary>
    public PathClaim? Default { get; }

    /// <summary>Secrets by host; those of no host are for clients that name none of the others.</summary>
    public IReadOnlyDictionary<string, List<ObjectKey>> Certificates => _certificates;

    /// <summary>What of it cannot be served, whatever the others ask for.</summary>
    public IReadOnlyList<IngressFinding> Findings => _findings;

    /// <summary>The backends it leads to, each once.</summary>
    public IEnumerable<BackendKey> Backends =>
        _hosts.Values.SelectMany(paths => paths).Concat(Default is { } own ? [own] : []).Select(path => path.Backend).Distinct();

    /// <summary>Paths at a host of its rules, or at one of its aliases: there it has those of all its hosts.</summary>
    public IEnumerable<PathClaim> PathsAt(string host) => _hosts.TryGetValue(host, out var paths) ? paths : _hosts.Values.SelectMany(all => all).Distinct();

    private void AddRule(IngressRule rule, IngressAnnotations annotations)
    {
        if (rule.Host.Length > 0 && !RuleText.IsHost(rule.Host))
        {
            _findings.Add(new IngressFinding("HostInvalid", $"host {RuleText.Shown(rule.Host)} is no DNS name: its rule is not served"));
            return;
        }

        if (!_hosts.TryGetValue(rule.Host, out var claims))
        {
            _hosts[rule.Host] = claims = [];
        }

        claims.AddRange(rule.Paths.Select(path => Claim(path, rule.Host, annotations)).OfType<PathClaim>());

        // app-root redirects the host's root (ingress-nginx: of the whole server), so that needs a route where the rule has none.
        if (annotations.Options.AppRoot.Length > 0 && claims.Count > 0 && !claims.Any(claim => claim.Path == "/"))
        {
            claims.Add(new PathClaim("/", PathType.Exact, claims[0].Backend, annotations.Options));
        }
    }

    /// <summary>A path as it is asked for; null when it is not served, and a finding says why.</summary>
    private PathClaim? Claim(IngressPath path, string host, IngressAnnotations annotations)
    {
        if (annotations.For(path) is not { } served)
        {
            return null;
        }

        // The API server asks for a path of every type but ImplementationSpecific.
        var (written, type) = (served.Path.Path.Length == 0 ? "/" : served.Path.Path, served.Path.Type);
        if (!RuleText.IsPath(written))
        {
            _findings.Add(new IngressFinding(
                "PathInvalid", $"path {RuleText.Shown(written)} of {HostText(host)} does not begin with a slash or has a control character: it is not served"));
            return null;
        }

        return new PathClaim(type == PathType.Exact ? written : RuleText.Prefix(written), type, KeyOf(path.Backend), served.Options);
    }

    private void AddCertificate(IngressTls tls)
    {
        // Without a Secret the hosts are served with the default certificate.
        if (tls.SecretName.Length == 0)
        {
            return;
        }

        var secret = new ObjectKey(Row.Key.Namespace, tls.SecretName);
        IEnumerable<string> hosts = tls.Hosts.Count > 0 ? tls.Hosts.Select(host => host.ToLowerInvariant()) : Row.Rules.Count > 0 ? _hosts.Keys : [""];
        foreach (var host in hosts)
        {
            if (host.Length > 0 && !RuleText.IsHost(host))
            {
                _findings.Add(new IngressFinding("HostInvalid", $"host {RuleText.Shown(host)} of tls is no DNS name: no certificate is served for it"));
                continue;
            }

            if (!_certificates.TryGetValue(host, out var secrets))
            {
                _certificates[host] = secrets = [];
            }

            if (!secrets.Contains(secret))
            {
                secrets.Add(secret);
            }
        }
    }

    private bool IsUsableAlias(string alias)
    {
        if (!RuleText.IsHost(alias))
        {
            _findings.Add(new IngressFinding("HostInvalid", $"alias {RuleText.Shown(alias)} is no DNS name in lower case: it is not served"));
            return false;
        }

        return !_hosts.ContainsKey(alias);
    }

    // A resource's Kind/name is no name that a Service can have.
    private BackendKey KeyOf(IngressBackend backend) => new(
        new ObjectKey(Row.Key.Namespace, backend.Service.Length > 0 ? backend.Service : backend.Resource),
        backend.PortName.Length > 0 ? backend.PortName : backend.PortNumber == 0 ? "" : $"{backend.PortNumber}");

    /// <summary>A host for a message.</summary>
    public static string HostText(string host) => host.Length == 0 ? "all hosts" : $"host {host}";
}
