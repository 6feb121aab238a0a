using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fairlead.Linux.Processes;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>The background process of `up --detach`, and the pipe on which it reports until it is ready.</summary>
internal sealed class BackgroundUp : IAsyncDisposable
{
    /// <summary>The descriptor it finds the pipe at.</summary>
    private const int ProgressDescriptor = 3;

    private readonly Reactor _reactor = new();
    private readonly DescriptorStream _reports;
    private readonly ChildProcess _process;

    private BackgroundUp(ChildProcess process, Pipe pipe)
    {
        _process = process;
        _reports = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
    }

    /// <summary>Starts it in a session of its own, so that it outlives the terminal.</summary>
    public static BackgroundUp Start(UpRequest request)
    {
        using var pipe = Pipe.Open();
        List<string> arguments = ["fairlead", "up", "--name", request.Name, "--progress-fd", ProgressDescriptor.ToString(CultureInfo.InvariantCulture)];
        if (request.Nodes is { } nodes)
        {
            arguments.AddRange(["--nodes", nodes.ToString(CultureInfo.InvariantCulture)]);
        }

        if (request.Families is { } families)
        {
            arguments.AddRange(["--ip-family", families == IpFamilyMode.Dual ? "dual" : "ipv4"]);
        }

        if (!request.Switch)
        {
            arguments.Add("--no-switch");
        }

        if (request.Egress is { } egress)
        {
            arguments.Add(egress ? "--no-egress=false" : "--no-egress=true");
        }

        if (request.Ingress is { } ingress)
        {
            arguments.Add(ingress ? "--no-ingress=false" : "--no-ingress=true");
        }

        foreach (var range in request.ExternalIPRanges ?? [])
        {
            arguments.AddRange(["--external-ip-range", $"{range}"]);
        }

        if (request.DenyExternalIPs is { } deny)
        {
            arguments.Add(deny ? "--deny-external-ips=true" : "--deny-external-ips=false");
        }

        var options = new SpawnOptions
        {
            FileName = Environment.ProcessPath!,
            Arguments = arguments,
            Environment = [.. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(variable => $"{variable.Key}={variable.Value}")],
            WorkingDirectory = "/",
            NewSession = true,
        }.Open(0, "/dev/null", FileAccess.Read).Open(1, "/dev/null", FileAccess.Write).Copy(1, 2).Pass(pipe.Writer, ProgressDescriptor);
        return new BackgroundUp(ChildProcess.Start(options), pipe);
    }

    /// <summary>Its reports; ends when it is ready, or ends itself.</summary>
    public async IAsyncEnumerable<Report> ReadReportsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(_reports);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (JsonSerializer.Deserialize(line, FairleadJson.Default.Report) is { } report)
            {
                yield return report;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _reports.DisposeAsync();
        _process.Dispose();
        _reactor.Dispose();
    }
}
