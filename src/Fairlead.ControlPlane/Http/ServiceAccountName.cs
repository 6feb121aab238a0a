namespace Fairlead.ControlPlane.Http;

/// <summary>A service account as a user: <c>system:serviceaccount:NAMESPACE:NAME</c>.</summary>
internal sealed record ServiceAccountName(string Namespace, string Name)
{
    private const string Prefix = "system:serviceaccount:";
    private const string Group = "system:serviceaccounts";

    /// <summary>The account a user name means; null for other users.</summary>
    public static ServiceAccountName? TryParse(string user) =>
        user.StartsWith(Prefix, StringComparison.Ordinal) && user[Prefix.Length..].Split(':') is [{ Length: > 0 } ns, { Length: > 0 } name]
            ? new ServiceAccountName(ns, name)
            : null;

    /// <summary>Its user with its groups.</summary>
    public Caller ToCaller(string uid) => new(ToString(), [Group, $"{Group}:{Namespace}", Caller.Authenticated]) { Uid = uid };

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix}{Namespace}:{Name}";
}
