using System.Text.Json.Nodes;

namespace Fairlead.Kube.Client;

/// <summary>The API refused: what a meta/v1 Status says.</summary>
public sealed class KubeException : Exception
{
    /// <summary>Makes one from its parts.</summary>
    /// <param name="code">HTTP status code, 400 to 599.</param>
    /// <param name="reason">The Status' reason, such as <c>NotFound</c> or <c>Conflict</c>; empty when there is none.</param>
    /// <param name="message">The Status' message.</param>
    /// <param name="status">The whole Status; null when the answer was none.</param>
    public KubeException(int code, string reason, string message, JsonObject? status = null)
        : base(message)
    {
        Code = code;
        Reason = reason;
        Status = status;
    }

    /// <summary>HTTP status code.</summary>
    public int Code { get; }

    /// <summary>The Status' reason.</summary>
    public string Reason { get; }

    /// <summary>The whole Status, if the answer was one.</summary>
    public JsonObject? Status { get; }

    /// <summary>404.</summary>
    public bool IsNotFound => Code == 404;

    /// <summary>409 because an object of that name exists.</summary>
    public bool IsAlreadyExists => Code == 409 && Reason == "AlreadyExists";

    /// <summary>410: the wanted revision is not kept any more; list anew.</summary>
    public bool IsGone => Code == 410;
}
