using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Yaml;

namespace Fairlead.Testing.Ingresses;

/// <summary>One line of a scenario.</summary>
/// <param name="Line">Its number in the file.</param>
public abstract record IngressStep(int Line);

/// <summary>A Service with endpoints is there from now on.</summary>
public sealed record ServiceStep(int Line, ObjectKey Service, ushort Port, string PortName, int Endpoints) : IngressStep(Line);

/// <summary>Documents are applied, or deleted.</summary>
public sealed record DocumentsStep(int Line, IReadOnlyList<JsonObject> Documents, bool IsDeletion) : IngressStep(Line);

/// <summary>What is asked from here on proves this.</summary>
public sealed record TitleStep(int Line, string Title) : IngressStep(Line);

/// <summary>An Ingress is not served: it gets no address.</summary>
public sealed record UnservedStep(int Line, ObjectKey Ingress) : IngressStep(Line);

/// <summary>A request, and where it is to go.</summary>
/// <param name="Line">Its number in the file.</param>
/// <param name="Method">GET, …</param>
/// <param name="Scheme">http or https.</param>
/// <param name="Host">The Host it bears; empty: none.</param>
/// <param name="Path">Its path.</param>
/// <param name="Status">What it is answered with: 200, 404 or 503.</param>
/// <param name="Ingress">Whose route it takes; the default value when the status is not 200.</param>
/// <param name="Service">The Service, of the same namespace, that answers; empty when the status is not 200.</param>
/// <param name="Endpoints">How many endpoints answer, of a hundred such requests; 0: not asked.</param>
public sealed record RequestStep(
    int Line, string Method, string Scheme, string Host, string Path, int Status, ObjectKey Ingress, string Service, int Endpoints) : IngressStep(Line);

/// <summary>
/// A scenario of Ingresses: objects, and requests with where they are to go. The same files are asked of the compiled routes and of a cluster. Lines before
/// the first <c>-- name --</c> are commands, what follows each such line is a document.
/// <code>
/// service NAMESPACE/NAME PORT PORTNAME ENDPOINTS
/// apply NAME… | delete NAME…                          documents: Ingresses, IngressClasses and Secrets
/// scenario TITLE
/// METHOD SCHEME HOST PATH => NAMESPACE/INGRESS SERVICE [xENDPOINTS] | 404 | 503         the host "-" is none; x10: ten endpoints answer of a hundred requests
/// unserved NAMESPACE/INGRESS
/// </code>
/// </summary>
public static class IngressScenario
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Ingresses", "Scenarios");

    /// <summary>The files' names, without folder and ending.</summary>
    public static IReadOnlyList<string> Names => [.. Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    /// <summary>Reads one of them.</summary>
    public static IReadOnlyList<IngressStep> Load(string name) => Read(File.ReadAllText(Path.Combine(Folder, $"{name}.txt")));

    /// <summary>Reads the text of one.</summary>
    /// <exception cref="FormatException">A line is none of the commands.</exception>
    public static IReadOnlyList<IngressStep> Read(string text)
    {
        var parts = text.Split("\n-- ");
        var documents = new Dictionary<string, JsonObject[]>();
        foreach (var part in parts.Skip(1))
        {
            var end = part.IndexOf(" --\n", StringComparison.Ordinal);
            documents[part[..end]] = [.. YamlReader.ReadAll(new StringReader(part[(end + 4)..])).Select(node => (JsonObject)node)];
        }

        return [.. parts[0].Split('\n').Select((line, index) => (Line: line.Trim(), Number: index + 1))
            .Where(line => line.Line.Length > 0 && line.Line[0] != '#').Select(line => Step(line.Line, line.Number, documents))];
    }

    private static IngressStep Step(string line, int number, Dictionary<string, JsonObject[]> documents)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            ["service", var key, var port, var portName, var endpoints] => new ServiceStep(number, Key(key), ushort.Parse(port, CultureInfo.InvariantCulture), portName, Number(endpoints)),
            ["apply" or "delete", ..] => new DocumentsStep(number, [.. words.Skip(1).SelectMany(name => documents[name])], words[0] == "delete"),
            ["scenario", ..] => new TitleStep(number, line["scenario ".Length..]),
            ["unserved", var key] => new UnservedStep(number, Key(key)),
            [_, "http" or "https", _, _, "=>", _, ..] => Request(words, number),
            _ => throw new FormatException($"line {number}: {line}"),
        };
    }

    private static RequestStep Request(string[] words, int number)
    {
        var request = new RequestStep(number, words[0], words[1], words[2] == "-" ? "" : words[2], words[3], 200, default, "", 0);
        return words[5..] switch
        {
            ["404" or "503"] => request with { Status = Number(words[5]) },
            [var ingress, var service] => request with { Ingress = Key(ingress), Service = service },
            [var ingress, var service, ['x', .. var endpoints]] => request with { Ingress = Key(ingress), Service = service, Endpoints = Number(endpoints) },
            _ => throw new FormatException($"line {number}: {string.Join(' ', words)}"),
        };
    }

    private static ObjectKey Key(string text) => text.Split('/') is [var space, var name] ? new ObjectKey(space, name) : throw new FormatException($"{text} is no namespace/name");

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
