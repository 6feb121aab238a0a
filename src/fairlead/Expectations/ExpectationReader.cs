using System.Text.Json.Nodes;
using Fairlead.Cluster.Naming;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;

namespace Fairlead.Expectations;

/// <summary>Reads files of expectations, kind <c>ConnectionTest</c> of <c>fairlead.dev/v1alpha1</c>. docs/testing.md says what they may hold.</summary>
internal sealed class ExpectationReader
{
    /// <summary>The apiVersion of the files.</summary>
    public const string ApiVersion = "fairlead.dev/v1alpha1";

    /// <summary>Their kind.</summary>
    public const string Kind = "ConnectionTest";

    private const string Unchecked = "-";

    private readonly ManifestObject _file;
    private readonly SourceProblems _problems;
    private string _namespace = "default";

    private ExpectationReader(ManifestObject file, SourceProblems problems) => (_file, _problems) = (file, problems);

    /// <summary>The expectations of a path, one file per document.</summary>
    /// <param name="path">The file, or <c>-</c>.</param>
    /// <param name="input">What <c>-</c> reads.</param>
    /// <param name="problems">Takes what is wrong.</param>
    public static IReadOnlyList<ExpectationFile> Read(string path, TextReader input, SourceProblems problems)
    {
        var before = problems.All.Count;
        var files = ManifestFiles.ReadFile(path, input, problems).Select(file => new ExpectationReader(file, problems).Read()).ToList();
        if (files.Count == 0 && problems.All.Count == before)
        {
            problems.Add(path, "there is nothing in it");
        }

        return files;
    }

    private ExpectationFile Read()
    {
        var fields = Fields(_file.Document, "", "apiVersion", "kind", "metadata", "namespace", "manifests", "cases", "tables");
        if (fields.Text("apiVersion") != ApiVersion || fields.Text("kind") != Kind)
        {
            fields.Fault("kind", $"expectations are of kind {Kind} of {ApiVersion}");
        }

        var metadata = fields.Node.Object("metadata") is { } found ? Fields(found, "metadata", "name", "labels", "annotations") : null;
        _namespace = fields.Text("namespace") is { Length: > 0 } named ? named : _namespace;
        var directory = Path.GetDirectoryName(_file.File) ?? "";
        var cases = fields.Items("cases").SelectMany(one => Case(one.Item, one.Path)).Concat(fields.Items("tables").SelectMany(one => Table(one.Item, one.Path))).ToList();
        if (cases.Count == 0 && _problems.All.Count == 0)
        {
            fields.Fault("", "it expects nothing: cases and tables are empty");
        }

        return new ExpectationFile(
            _file.File,
            metadata?.Text("name") is { Length: > 0 } name ? name : Path.GetFileNameWithoutExtension(_file.File),
            [.. fields.Items("manifests").Select(one => Path.Combine(directory, one.Item.IsText() ?? ""))],
            cases);
    }

    private StrictFields Fields(JsonObject node, string path, params string[] known) =>
        new(node, field => _file.At(path.Length == 0 || field.Length == 0 ? path + field : $"{path}.{field}"), _problems, known);

    private StrictFields? Fields(JsonNode node, string path, params string[] known)
    {
        if (node is JsonObject item)
        {
            return Fields(item, path, known);
        }

        _problems.Add(_file.At(path), "it must be an object");
        return null;
    }

    private IEnumerable<Expectation> Case(JsonNode node, string path)
    {
        if (Fields(node, path, "name", "from", "to", "port", "ports", "protocol", "expect", "because") is not { } fields)
        {
            yield break;
        }

        var (from, to) = (End(fields, path, "from"), End(fields, path, "to"));
        var ports = Ports(fields);
        var allowed = fields.Text("expect");
        if (allowed is not ("allow" or "deny"))
        {
            fields.Fault("expect", allowed.Length == 0 ? "expect says whether: allow or deny" : $"expect is allow or deny, not {allowed}");
        }

        if (from is null || to is null || ports is null)
        {
            yield break;
        }

        var because = fields.Items("because").Select(one => Reason(one.Item.IsText() ?? "", fields)).OfType<ExpectedReason>().ToList();
        yield return Make(fields.Text("name"), from, to, ports, allowed == "allow", because, fields.At(""));
    }

    private static Expectation Make(
        string name, ExpectedEnd from, ExpectedEnd to, IReadOnlyList<ExpectedPort> ports, bool allowed, IReadOnlyList<ExpectedReason> because, SourcePlace place)
    {
        // What the destination says itself goes before.
        var own = to.Named is { Port.Length: > 0 } named ? [new ExpectedPort(named.Port, named.Protocol)]
            : to.Named?.Protocol is { } protocol ? [.. ports.Select(port => port with { Protocol = port.Protocol ?? protocol })]
            : ports;
        return new Expectation
        {
            Name = name.Length > 0 ? name : $"{from.Text} → {to.Text}",
            From = from,
            To = to,
            Ports = own,
            Allowed = allowed,
            Because = because,
            Place = place,
        };
    }

    private ExpectedEnd? End(StrictFields fields, string path, string field)
    {
        switch (fields.Node[field])
        {
            case null:
                fields.Fault(field, $"{field} is missing: who is it?");
                return null;
            case JsonObject selectors:
                return Selected(Fields(selectors, $"{path}.{field}", "namespaceSelector", "podSelector"));
            default:
                return Named(fields.Text(field), what => fields.Fault(field, what));
        }
    }

    private ExpectedEnd? Named(string text, Action<string> fault)
    {
        if (ConnectionEnd.TryParse(text, out var end, out var why))
        {
            return new ExpectedEnd($"{end}") { Named = end.In(_namespace), Namespace = _namespace };
        }

        fault(why);
        return null;
    }

    private ExpectedEnd Selected(StrictFields fields)
    {
        var (namespaces, pods) = (Selector(fields, "namespaceSelector"), Selector(fields, "podSelector"));
        string[] parts = [.. new[] { namespaces is null ? $"ns {_namespace}" : $"ns {Text(namespaces)}", pods is null ? "" : $"pods {Text(pods)}" }.Where(part => part.Length > 0)];
        return new ExpectedEnd(string.Join(' ', parts)) { Namespaces = namespaces, Pods = pods, Namespace = _namespace };
    }

    private static LabelSelector? Selector(StrictFields fields, string field)
    {
        try
        {
            return fields.Node[field] switch
            {
                null => null,
                JsonObject selector => LabelSelectorReader.Read(selector),
                _ => throw new FormatException($"{field} is a label selector: matchLabels, matchExpressions"),
            };
        }
        catch (FormatException e)
        {
            fields.Fault(field, e.Message);
            return null;
        }
    }

    private static string Text(LabelSelector selector) => selector.Requirements.Count == 0 ? "*" : string.Join(',', selector.Requirements.Select(one => one.Operator switch
    {
        LabelOperator.In when one.Values.Count == 1 => $"{one.Key}={one.Values[0]}",
        LabelOperator.In => $"{one.Key} in ({string.Join(' ', one.Values)})",
        LabelOperator.NotIn => $"{one.Key} notin ({string.Join(' ', one.Values)})",
        LabelOperator.Exists => one.Key,
        _ => $"!{one.Key}",
    }));

    /// <summary>Null when one is wrong. None said is one that says nothing.</summary>
    private static List<ExpectedPort>? Ports(StrictFields fields)
    {
        var protocol = default(IpProtocol?);
        if (fields.Text("protocol") is { Length: > 0 } text)
        {
            if (!ConnectionEnd.TryProtocol(text, out var known))
            {
                fields.Fault("protocol", $"there is no protocol {text}: TCP, UDP, SCTP");
                return null;
            }

            protocol = known;
        }

        var ports = new List<ExpectedPort>();
        foreach (var (item, path) in fields.Items("port").Concat(fields.Items("ports")))
        {
            if (Port(item.IsText() ?? "", protocol) is not { } port)
            {
                fields.Fault(path, $"{item.IsText()} is no port: a number from 1 to 65535 or a port's name, and perhaps a protocol, as in 53/udp");
                return null;
            }

            ports.Add(port);
        }

        return ports.Count > 0 ? ports : [new ExpectedPort("", protocol)];
    }

    private static ExpectedPort? Port(string text, IpProtocol? protocol)
    {
        var parts = text.Split('/');
        return parts.Length <= 2 && ConnectionEnd.IsPort(parts[0]) && (parts.Length == 1 || ConnectionEnd.TryProtocol(parts[1], out _))
            ? new ExpectedPort(parts[0], parts.Length == 2 && ConnectionEnd.TryProtocol(parts[1], out var own) ? own : protocol)
            : null;
    }

    /// <summary><c>not isolated</c>, <c>no rule</c>, or <c>[cnp/]policy[.namespace] [rule]</c>.</summary>
    private static ExpectedReason? Reason(string text, StrictFields fields)
    {
        if (text is "not isolated" or "no rule")
        {
            return new ExpectedReason(text == "no rule" ? ReasonKind.NoRule : ReasonKind.NotIsolated, text);
        }

        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var isCluster = words is [var first, ..] && first.StartsWith("cnp/", StringComparison.Ordinal);
        if (words.Length is not (1 or 2) || !ConnectionEnd.TryParse(isCluster ? $"node/{words[0][4..]}" : words[0], out var policy, out _) || policy.Name.Length == 0)
        {
            fields.Fault("because", $"\"{text}\" is no reason: not isolated, no rule, or a policy and perhaps its rule: api-from-front ingress[0]");
            return null;
        }

        var path = words.Length == 1 ? "" : words[1].StartsWith("spec.", StringComparison.Ordinal) ? words[1] : $"spec.{words[1]}";
        return new ExpectedReason(ReasonKind.Policy, text)
        {
            PolicyKind = isCluster ? "ClusterNetworkPolicy" : "NetworkPolicy",
            Policy = policy.Name,
            Namespace = policy.Namespace,
            Path = path,
        };
    }

    /// <summary>A table of who reaches whom: a row for each who opens, a cell for each of the destinations.</summary>
    private IEnumerable<Expectation> Table(JsonNode node, string path)
    {
        if (Fields(node, path, "name", "port", "ports", "protocol", "to", "from") is not { } fields || Ports(fields) is not { } ports)
        {
            yield break;
        }

        var targets = fields.Items("to").Select(one => Named(one.Item.IsText() ?? "", what => fields.Fault(one.Path, what))).ToList();
        if (fields.Node["from"] is not JsonObject rows || targets.Count == 0)
        {
            fields.Fault("from", "a table has destinations in `to` and under `from` a row for each who opens: NAME: [allow, deny, …]");
            yield break;
        }

        foreach (var (who, cells) in rows)
        {
            var row = $"from[{who}]";
            var from = Named(who, what => fields.Fault(row, what));
            if (cells is not JsonArray list || list.Count != targets.Count)
            {
                fields.Fault(row, $"the row has {(cells as JsonArray)?.Count ?? 0} cells, the table {targets.Count} destinations");
                continue;
            }

            for (var i = 0; i < list.Count; i++)
            {
                var cell = list[i].IsText() ?? "";
                if (cell is not ("allow" or "deny" or Unchecked))
                {
                    fields.Fault($"{row}[{i}]", $"a cell is allow, deny or {Unchecked}, not {cell}");
                }
                else if (cell != Unchecked && from is not null && targets[i] is { } to)
                {
                    yield return Make("", from, to, ports, cell == "allow", [], fields.At($"{row}[{i}]"));
                }
            }
        }
    }
}

/// <summary>Texts of a file.</summary>
internal static class JsonTexts
{
    /// <summary>A text, or the digits of a number; null for anything else.</summary>
    public static string? IsText(this JsonNode? node) => new JsonObject { ["x"] = node?.DeepClone() }.IntOrText("x") is { Length: > 0 } text ? text : null;
}
