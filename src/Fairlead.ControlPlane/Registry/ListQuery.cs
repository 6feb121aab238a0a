using System.Globalization;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Registry;

/// <summary>What a list or watch asks for (meta/v1 ListOptions), as texts of the request.</summary>
internal sealed record ListQuery
{
    public string LabelSelector { get; init; } = "";

    public string FieldSelector { get; init; } = "";

    /// <summary>Empty: the latest; "0": any; else a revision.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>Empty, Exact or NotOlderThan.</summary>
    public string Match { get; init; } = "";

    /// <summary>Most objects of one answer; 0 for all.</summary>
    public long Limit { get; init; }

    public string Continue { get; init; } = "";

    public bool? SendInitialEvents { get; init; }

    public bool Bookmarks { get; init; }

    /// <summary>Length of a watch in seconds; 0 leaves it to the server.</summary>
    public long TimeoutSeconds { get; init; }

    /// <summary>The revision asked for, or 0.</summary>
    /// <exception cref="StatusException">400: not a revision of ours.</exception>
    public long Revision
    {
        get
        {
            if (ResourceVersion.Length == 0)
            {
                return 0;
            }

            return long.TryParse(ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
                ? revision
                : throw StatusException.BadRequest($"Invalid resource version \"{ResourceVersion}\": a resourceVersion is a number this server gave out");
        }
    }

    /// <summary>Refuses combinations that would have to be ignored (apimachinery's ValidateListOptions).</summary>
    /// <exception cref="StatusException">422.</exception>
    public void Check(bool watch)
    {
        if (Match.Length > 0 && ResourceVersion.Length == 0 && !(watch && SendInitialEvents is not null))
        {
            throw Refuse("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }

        if (Match is not ("" or "Exact" or "NotOlderThan"))
        {
            throw StatusException.InvalidOption("ListOptions", FieldErrorType.NotSupported, "resourceVersionMatch", "supported values: \"Exact\", \"NotOlderThan\"");
        }

        if (Match.Length > 0 && Continue.Length > 0)
        {
            throw Refuse("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
        }

        if (Match == "Exact" && (watch || Revision == 0))
        {
            throw Refuse("resourceVersionMatch", watch
                ? "resourceVersionMatch \"Exact\" is forbidden for watch"
                : "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
        }

        if (SendInitialEvents is not null && !watch)
        {
            throw Refuse("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }

        if (SendInitialEvents is not null && Match != "NotOlderThan")
        {
            throw Refuse("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        if (watch && SendInitialEvents is null && Match.Length > 0)
        {
            throw Refuse("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }
    }

    private static StatusException Refuse(string field, string detail) =>
        StatusException.InvalidOption("ListOptions", FieldErrorType.Forbidden, field, detail);
}
