using System.Globalization;
using System.Text;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;

namespace Fairlead.Nftables.Text;

/// <summary>
/// A table as text: what <c>nft list table</c> prints for it, but for the order (ours is by name and key), line breaks among elements, and the
/// numbers of counters and expiries; and what <c>nft -f</c> accepts.
/// </summary>
public static class RulesetText
{
    /// <summary>The whole table.</summary>
    public static string Render(Ruleset ruleset)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"table inet {ruleset.Table.Name} {{\n");
        foreach (var content in ruleset.Containers.Values)
        {
            Append(text, content);
            text.Append('\n');
        }

        foreach (var content in ruleset.Chains.Values)
        {
            Append(text, content);
            text.Append('\n');
        }

        text.Length -= text[^2] == '\n' ? 1 : 0;
        return text.Append("}\n").ToString();
    }

    /// <summary>One rule, its comment included.</summary>
    public static string Render(Rule rule)
    {
        var text = string.Join(' ', rule.Statements.Select(StatementText.Of));
        return rule.Comment.Length == 0 ? text : $"{text} comment \"{rule.Comment}\"";
    }

    /// <summary>One element as it stands between the braces.</summary>
    public static string Render(Container container, Element element)
    {
        var text = new StringBuilder(FieldText.Fields(container.Key, element.Key, element.KeyEnd));
        if (element.Timeout is { } timeout)
        {
            text.Append(" timeout ").Append(FieldText.Duration(timeout));
        }

        if (element.Comment.Length > 0)
        {
            text.Append(" comment \"").Append(element.Comment).Append('"');
        }

        if (element.Verdict is { } verdict)
        {
            text.Append(" : ").Append(StatementText.Of(verdict));
        }
        else if (container is Map map && !element.Value.IsEmpty)
        {
            text.Append(" : ").Append(FieldText.Of(map.Value, element.Value));
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, ContainerContent content)
    {
        var container = content.Container;
        var key = string.Join(" . ", container.Key);
        var type = container switch
        {
            Map { IsVerdictMap: true } => $"{key} : verdict",
            Map map => $"{key} : {string.Join(" . ", map.Value)}",
            _ => key,
        };
        text.Append(CultureInfo.InvariantCulture, $"\t{container.Title} {{\n\t\ttype {type}\n");
        if (container.Size != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\t\tsize {container.Size}\n");
        }

        if (container.Flags != ContainerFlags.None)
        {
            text.Append("\t\tflags ").Append(FlagsText(container.Flags)).Append('\n');
        }

        if (container.Timeout is { } timeout)
        {
            text.Append("\t\ttimeout ").Append(FieldText.Duration(timeout)).Append('\n');
        }

        if (content.Elements.Count > 0)
        {
            var elements = content.Elements.Values.OrderBy(element => element.Key).Select(element => Render(container, element));
            text.Append("\t\telements = { ").AppendJoin(",\n\t\t\t     ", elements).Append(" }\n");
        }

        text.Append("\t}\n");
    }

    private static string FlagsText(ContainerFlags flags)
    {
        (ContainerFlags, string)[] names =
            [(ContainerFlags.Interval, "interval"), (ContainerFlags.Dynamic, "dynamic"), (ContainerFlags.Timeout, "timeout")];
        return string.Join(',', names.Where(name => (flags & name.Item1) != 0).Select(name => name.Item2));
    }

    private static void Append(StringBuilder text, ChainContent content)
    {
        text.Append(CultureInfo.InvariantCulture, $"\t{content.Chain.Title} {{\n");
        if (content.Chain.Base is { } hook)
        {
            text.Append(CultureInfo.InvariantCulture, $"\t\ttype {Lower(hook.Type)} hook {Lower(hook.Hook)} priority {PriorityText(hook)}; ");
            text.Append(hook.DropsByDefault ? "policy drop;\n" : "policy accept;\n");
        }

        foreach (var rule in content.Rules)
        {
            text.Append("\t\t").Append(Render(rule)).Append('\n');
        }

        text.Append("\t}\n");
    }

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>nft names a priority that lies within 10 of a named one; dstnat has its name at prerouting only, srcnat at postrouting only.</summary>
    private static string PriorityText(BaseChain chain)
    {
        (string Name, int Value)[] names = [("raw", Priority.Raw), ("mangle", Priority.Mangle), ("dstnat", Priority.Dstnat), ("filter", Priority.Filter), ("security", 50), ("srcnat", Priority.Srcnat)];
        foreach (var (name, value) in names)
        {
            var isNamedHere = name switch
            {
                "dstnat" => chain.Hook == Hook.Prerouting,
                "srcnat" => chain.Hook == Hook.Postrouting,
                _ => true,
            };
            var distance = chain.Priority - value;
            if (isNamedHere && Math.Abs(distance) <= 10)
            {
                return distance == 0 ? name : $"{name} {(distance < 0 ? '-' : '+')} {Math.Abs(distance)}";
            }
        }

        return chain.Priority.ToString(CultureInfo.InvariantCulture);
    }
}
