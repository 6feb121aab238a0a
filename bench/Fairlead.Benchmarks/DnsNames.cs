using System.Text;

namespace Fairlead.Benchmarks;

/// <summary>A question and the answer there must be: the response code, and the one address when there is one.</summary>
internal readonly record struct DnsQuestion(string Name, bool V6, int Code, string Address)
{
    /// <summary>NXDOMAIN.</summary>
    public const int NoSuchName = 3;

    /// <summary>A line of dnsperf's data file.</summary>
    public string Line => $"{Name} {(V6 ? "AAAA" : "A")}";
}

/// <summary>The names of <see cref="ServiceLoad"/>'s Services and endpoints in namespace <c>default</c>: as questions, and as the zone file of another server.</summary>
/// <param name="services">Number of Services.</param>
/// <param name="endpoints">Endpoints of each.</param>
internal sealed class DnsNames(int services, int endpoints)
{
    private const int Length = 100_000;
    private const string Zone = "cluster.local";
    private static readonly string[] SearchParts = ["default.svc.", "svc.", ""];
    private readonly Random _random = new(7);

    /// <summary>Names that exist: half of them Services', half endpoints'.</summary>
    public DnsQuestion[] Positive() => [.. Enumerable.Range(0, Length).Select(_ => _random.Next(2) == 0 ? Service(_random.Next(services)) : Endpoint())];

    /// <summary>Names that do not exist: of no Service, of no namespace, of no endpoint.</summary>
    public DnsQuestion[] Negative() => [.. Enumerable.Range(0, Length).Select(_ => Missing(_random.Next(3) switch
    {
        0 => $"nobody-{_random.Next()}.default.svc.{Zone}",
        1 => $"s{_random.Next(services)}.nowhere-{_random.Next(100)}.svc.{Zone}",
        _ => $"10-0-{_random.Next(256)}-{_random.Next(256)}.s{_random.Next(services)}.default.svc.{Zone}",
    }))];

    /// <summary>
    /// What a pod's resolver makes of <c>s1.default</c> and of <c>www-7.example.com</c> by its search path (ndots:5), each name for both families, as long as the
    /// names are of the cluster's zone: the last one, of the world outside, is not asked, since the other server has nobody to ask.
    /// </summary>
    public DnsQuestion[] SearchPath() => [.. Lookups().Take(Length)];

    /// <summary>The zone as a master file (RFC 1035 §5).</summary>
    public void WriteZone(string path)
    {
        using var file = new StreamWriter(path);
        file.WriteLine($"$ORIGIN {Zone}.");
        file.WriteLine("@ 5 IN SOA ns.dns hostmaster 1 7200 1800 86400 5");
        file.WriteLine("@ 5 IN NS ns.dns");
        file.WriteLine("ns.dns 5 IN A 10.96.0.10");
        for (var i = 0; i < services; i++)
        {
            file.WriteLine($"{ServiceLoad.Key(i).Name}.default.svc 5 IN A {ServiceLoad.ClusterIP(i)}");
            for (var e = 0; e < endpoints; e++)
            {
                file.WriteLine($"{Label(i, e)}.{ServiceLoad.Key(i).Name}.default.svc 5 IN A {ServiceLoad.Endpoint(i, e)}");
            }
        }
    }

    /// <summary>The name of a Service, in lower case.</summary>
    public static string Name(string service) => $"{service}.default.svc.{Zone}";

    private static string Label(int i, int e) => ServiceLoad.Endpoint(i, e).ToString().Replace('.', '-');

    private IEnumerable<DnsQuestion> Lookups()
    {
        while (true)
        {
            var service = _random.Next(services);
            var own = ServiceLoad.Key(service).Name;
            string[] searched = _random.Next(2) == 0
                ? [$"{own}.default.default.svc.{Zone}"]
                : [.. SearchParts.Select(part => $"www-{service}.example.com.{part}{Zone}")];
            foreach (var missing in searched.Select(Missing))
            {
                yield return missing;
                yield return missing with { V6 = true };
            }

            if (searched.Length == 1)
            {
                yield return Service(service);
                yield return Service(service) with { V6 = true, Address = "" };
            }
        }
    }

    private DnsQuestion Service(int i) => new(Mixed(Name(ServiceLoad.Key(i).Name)), false, 0, $"{ServiceLoad.ClusterIP(i)}");

    private DnsQuestion Endpoint()
    {
        var (i, e) = (_random.Next(services), _random.Next(endpoints));
        return new DnsQuestion(Mixed($"{Label(i, e)}.{Name(ServiceLoad.Key(i).Name)}"), false, 0, $"{ServiceLoad.Endpoint(i, e)}");
    }

    private DnsQuestion Missing(string name) => new(Mixed(name), false, DnsQuestion.NoSuchName, "");

    private string Mixed(string name)
    {
        var mixed = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            mixed.Append(_random.Next(2) == 0 ? char.ToUpperInvariant(c) : c);
        }

        return mixed.ToString();
    }
}
