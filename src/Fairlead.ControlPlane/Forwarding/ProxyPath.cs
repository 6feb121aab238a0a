using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Forwarding;

/// <summary>A request to a <c>proxy</c> subresource: to which pod, Service or node, and what is to be asked there.</summary>
/// <param name="Plural"><c>pods</c>, <c>services</c> or <c>nodes</c>.</param>
/// <param name="Namespace">Its namespace; empty for nodes.</param>
/// <param name="Id"><c>[SCHEME:]NAME[:PORT]</c>, as in the path.</param>
/// <param name="Prefix">The path up to and with <c>/proxy</c>, as the client wrote it.</param>
/// <param name="Rest">What follows, as the client wrote it: empty, or a path that begins with a slash.</param>
/// <param name="Query">The query with its question mark, or empty.</param>
internal sealed record ProxyPath(string Plural, string Namespace, string Id, string Prefix, string Rest, string Query)
{
    private const string Root = "/api/v1/";

    /// <summary>Reads the target of a request, not unescaped: its path is the backend's. Null when it is no proxy request.</summary>
    public static ProxyPath? Parse(string target)
    {
        // A request may carry a whole URL (RFC 9112 §3.2.2).
        if (target.IndexOf("://", StringComparison.Ordinal) is var scheme and > 0 && !target.StartsWith('/'))
        {
            var slash = target.IndexOf('/', scheme + 3);
            target = slash < 0 ? "/" : target[slash..];
        }

        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (target, "") : (target[..mark], target[mark..]);
        if (!path.StartsWith(Root, StringComparison.Ordinal))
        {
            return null;
        }

        var parts = path[Root.Length..].Split('/');
        var (plural, ns, id, count) = parts switch
        {
            ["nodes", var node, "proxy", ..] => ("nodes", "", node, 3),
            ["namespaces", var space, "pods" or "services", var name, "proxy", ..] => (parts[2], space, name, 5),
            _ => ("", "", "", 0),
        };
        if (count == 0)
        {
            return null;
        }

        var prefix = Root + string.Join('/', parts[..count]);
        return new ProxyPath(plural, Uri.UnescapeDataString(ns), Uri.UnescapeDataString(id), prefix, path[prefix.Length..], query);
    }

    /// <summary>The parts of <see cref="Id"/>; texts that are not there are empty.</summary>
    /// <exception cref="StatusException">400: not of the form, or another scheme than http and https.</exception>
    public (string Scheme, string Name, string Port) Split()
    {
        var parts = Id.Split(':');
        (string Scheme, string Name, string Port) read = parts switch
        {
            [var name] => ("", name, ""),
            [var name, var port] => ("", name, port),
            [var scheme, var name, var port] => (scheme, name, port),
            _ => ("", "", ""),
        };
        return read.Name.Length > 0 && read.Scheme is "" or "http" or "https"
            ? read
            : throw StatusException.BadRequest($"invalid {Plural.TrimEnd('s')} request \"{Id}\"");
    }
}
