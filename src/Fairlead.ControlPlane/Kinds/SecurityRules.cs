using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of security contexts.</summary>
internal static partial class SecurityRules
{
    private const string SysctlPattern = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9][-_a-z0-9]*$";
    private const string IdRule = "must be between 0 and 2147483647, inclusive";

    public static void ValidatePod(JsonObject? context, FieldPath field, FieldErrors errors)
    {
        Ids(context, field, errors, "runAsUser", "runAsGroup", "fsGroup");
        Profile(context.Object("seccompProfile"), field.Child("seccompProfile"), errors);
        foreach (var (index, sysctl) in context.List("sysctls").Items())
        {
            var path = field.Child("sysctls").Index(index).Child("name");
            if (Rules.Require(sysctl.At("name"), path, errors) is { } name && (name.Length > 253 || !Sysctl().IsMatch(name)))
            {
                errors.Invalid(path, name, $"must have at most 253 characters and match regex {SysctlPattern}");
            }
        }
    }

    public static void ValidateContainer(JsonObject? context, FieldPath field, FieldErrors errors)
    {
        Ids(context, field, errors, "runAsUser", "runAsGroup");
        Profile(context.Object("seccompProfile"), field.Child("seccompProfile"), errors);
        Rules.RequireOneOf(context.At("procMount"), field.Child("procMount"), errors, "Default", "Unmasked");
        if (context.Flag("allowPrivilegeEscalation") == false)
        {
            if (context.Flag("privileged") == true)
            {
                errors.Invalid(field, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
            }

            if (context.List("capabilities", "add").Texts().Any(name => name is "CAP_SYS_ADMIN" or "SYS_ADMIN"))
            {
                errors.Invalid(field, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
            }
        }
    }

    private static void Ids(JsonObject? context, FieldPath field, FieldErrors errors, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (context.Number(name) is { } id and (< 0 or > int.MaxValue))
            {
                errors.Invalid(field.Child(name), id, IdRule);
            }
        }
    }

    [GeneratedRegex(SysctlPattern, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Sysctl();

    private static void Profile(JsonObject? profile, FieldPath field, FieldErrors errors)
    {
        if (profile is null)
        {
            return;
        }

        Rules.RequireOneOf(profile.At("type"), field.Child("type"), errors, "Localhost", "RuntimeDefault", "Unconfined");
        if (profile.Text("type") == "Localhost" && string.IsNullOrEmpty(profile.Text("localhostProfile")))
        {
            errors.Required(field.Child("localhostProfile"), "must be set when seccomp type is Localhost");
        }
    }
}
