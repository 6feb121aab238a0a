using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>A caller who asks to be treated as somebody else (<c>kubectl --as</c>): the headers <c>Impersonate-*</c>, which only administrators may send.</summary>
internal static class Impersonation
{
    private const string Prefix = "Impersonate-";
    private const string User = Prefix + "User";
    private const string Group = Prefix + "Group";
    private const string Uid = Prefix + "Uid";

    /// <summary>Whom the request is to be treated as: the caller himself when it does not say.</summary>
    /// <exception cref="StatusException">400: groups without a user; 403: the caller may not.</exception>
    public static Caller Apply(IHeaderDictionary headers, Caller caller)
    {
        if (!headers.Keys.Any(name => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)))
        {
            return caller;
        }

        var user = headers[User].ToString();
        if (user.Length == 0)
        {
            throw StatusException.BadRequest($"impersonation needs a user: send {User} too (kubectl --as)");
        }

        string[] groups = [.. headers[Group].OfType<string>()];
        Demand(caller, user, groups);
        return groups.Length == 0 && ServiceAccountName.TryParse(user) is { } account
            ? account.ToCaller(headers[Uid].ToString())
            : new Caller(user, [.. groups.Append(Caller.Authenticated).Distinct()]) { Uid = headers[Uid].ToString() };
    }

    private static void Demand(Caller caller, string user, string[] groups)
    {
        Authorizer.Demand(caller, ServiceAccountName.TryParse(user) is { } account
            ? new AccessRequest("impersonate", "", "serviceaccounts", account.Namespace, account.Name)
            : new AccessRequest("impersonate", "", "users", "", user));
        foreach (var group in groups)
        {
            Authorizer.Demand(caller, new AccessRequest("impersonate", "", "groups", "", group));
        }
    }
}
