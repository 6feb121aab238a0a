using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Tokens;

/// <summary>
/// Tokens of service accounts: issued by the subresource <c>token</c> (authentication.k8s.io/v1 TokenRequest), for an audience and a time, bound to the
/// account and, when asked, to a pod, Secret or node. A token is good until it expires or one of those is gone.
/// </summary>
internal sealed class ServiceAccountTokens(ApiRegistry registry, TokenKey key, string issuer)
{
    private const long DefaultSeconds = 3600;
    private const long LeastSeconds = 600;
    private const long MostSeconds = 1L << 32;
    private const string Private = "kubernetes.io";
    private const string Extra = "authentication.kubernetes.io/";

    private static readonly KindDefinition Accounts = KindTable.Find(ResourceTypes.ServiceAccounts)!;

    /// <summary>Kinds that a token can be bound to, by the name of their claim.</summary>
    private static readonly Dictionary<string, (string Claim, KindDefinition Kind)> Bindable = new(StringComparer.Ordinal)
    {
        ["Pod"] = ("pod", KindTable.Find(ResourceTypes.Pods)!),
        ["Secret"] = ("secret", KindTable.Find(ResourceTypes.Secrets)!),
        ["Node"] = ("node", KindTable.Find(ResourceTypes.Nodes)!),
    };

    /// <summary>Who issues the tokens (claim <c>iss</c>), and for whom they are when a request does not say: this API server.</summary>
    public string Issuer => issuer;

    public TokenKey Key => key;

    /// <summary>Answers a TokenRequest: the same document with its status.</summary>
    /// <exception cref="StatusException">400, 404, 409 or 422.</exception>
    public JsonObject Issue(string ns, string name, JsonObject request)
    {
        var account = registry.Reader.Get(Accounts, ns, name);
        var audiences = request.List("spec", "audiences").Texts().Where(text => text.Length > 0).DefaultIfEmpty(issuer).ToList();
        var seconds = Seconds(request);
        var now = registry.Time.GetUtcNow();
        var expires = now.AddSeconds(seconds);
        var facts = new JsonObject
        {
            ["namespace"] = ns,
            ["serviceaccount"] = new JsonObject { ["name"] = name, ["uid"] = account.Uid },
        };
        Bind(request, ns, name, facts);
        var claims = new JsonObject
        {
            ["aud"] = Texts(audiences),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            [Private] = facts,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = new ServiceAccountName(ns, name).ToString(),
        };
        var answer = request.DeepClone().AsObject();
        (answer["kind"], answer["apiVersion"]) = ("TokenRequest", "authentication.k8s.io/v1");
        answer["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns, ["creationTimestamp"] = SystemMetadata.Time(now) };
        var spec = answer.Ensure("spec");
        (spec["audiences"], spec["expirationSeconds"]) = (Texts(audiences), seconds);
        answer["status"] = new JsonObject { ["token"] = key.Sign(claims), ["expirationTimestamp"] = SystemMetadata.Time(expires) };
        return answer;
    }

    /// <summary>Who a token stands for, and for which of <paramref name="audiences"/> it is (this API server when empty).</summary>
    /// <exception cref="TokenRefused">It is not good; the message says why.</exception>
    public (Caller Caller, IReadOnlyList<string> Audiences) Authenticate(string token, IReadOnlyList<string> audiences)
    {
        var claims = key.Read(token) ?? throw new TokenRefused("it was not signed by this cluster");
        if (claims.Text("iss") != issuer)
        {
            throw new TokenRefused("its issuer is another");
        }

        var now = registry.Time.GetUtcNow().ToUnixTimeSeconds();
        if (now >= (claims.Number("exp") ?? 0))
        {
            throw new TokenRefused("service account token has expired");
        }

        if (now < (claims.Number("nbf") ?? long.MaxValue))
        {
            throw new TokenRefused("service account token is not valid yet");
        }

        var wanted = audiences.Count == 0 ? [issuer] : audiences;
        var meant = claims.List("aud").Texts().Intersect(wanted).ToList();
        if (meant.Count == 0)
        {
            throw new TokenRefused($"token audiences [{string.Join(' ', claims.List("aud").Texts())}] is invalid for the target audiences [{string.Join(' ', wanted)}]");
        }

        return (CallerOf(claims), meant);
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static long Seconds(JsonObject request)
    {
        var seconds = request.Number("spec", "expirationSeconds") ?? DefaultSeconds;
        var fault = seconds < LeastSeconds ? "may not specify a duration less than 10 minutes"
            : seconds > MostSeconds ? "may not specify a duration larger than 2^32 seconds" : null;
        if (fault is null)
        {
            return seconds;
        }

        var errors = new FieldErrors();
        errors.Invalid(FieldPath.Spec.Child("expirationSeconds"), seconds, fault);
        throw StatusException.Invalid("authentication.k8s.io", "TokenRequest", "", errors);
    }

    private void Bind(JsonObject request, string ns, string account, JsonObject facts)
    {
        if (request.Object("spec", "boundObjectRef") is not { } reference)
        {
            return;
        }

        var (name, uid) = (reference.Text("name") ?? "", reference.Text("uid") ?? "");
        if (reference.Text("apiVersion") != "v1" || !Bindable.TryGetValue(reference.Text("kind") ?? "", out var bound))
        {
            throw StatusException.BadRequest(
                $"cannot bind token for serviceaccount \"{account}\" to object type {reference.Text("apiVersion")}, Kind={reference.Text("kind")}: Pod, Secret and Node of v1 can be bound to");
        }

        var stored = registry.Reader.Get(bound.Kind, bound.Kind.Type.Namespaced ? ns : "", name);
        if (uid.Length > 0 && uid != stored.Uid)
        {
            throw StatusException.Conflict(
                bound.Kind.Type, name,
                $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        facts[bound.Claim] = new JsonObject { ["name"] = name, ["uid"] = stored.Uid };
        if (bound.Claim == "pod")
        {
            BindToPod(stored.Parse(), account, facts);
        }
    }

    private void BindToPod(JsonObject pod, string account, JsonObject facts)
    {
        if (pod.Text("spec", "serviceAccountName") != account)
        {
            throw StatusException.BadRequest($"cannot bind token for serviceaccount \"{account}\" to pod running with different serviceaccount name.");
        }

        if (pod.Text("spec", "nodeName") is { Length: > 0 } node)
        {
            facts["node"] = new JsonObject { ["name"] = node };
            if (registry.Find(Bindable["Node"].Kind, "", node) is { } found)
            {
                facts["node"]!["uid"] = found.Uid;
            }
        }
    }

    private Caller CallerOf(JsonObject claims)
    {
        var facts = claims.Object(Private);
        var account = new ServiceAccountName(facts.Text("namespace") ?? "", facts.Text("serviceaccount", "name") ?? "");
        var uid = facts.Text("serviceaccount", "uid") ?? "";
        Alive(Accounts, account.Namespace, account.Name, uid);
        var extra = new Dictionary<string, string>(StringComparer.Ordinal) { [Extra + "credential-id"] = $"JTI={claims.Text("jti")}" };
        foreach (var (claim, kind) in Bindable.Values)
        {
            if (facts.Object(claim) is not { } bound)
            {
                continue;
            }

            var (name, boundUid) = (bound.Text("name") ?? "", bound.Text("uid") ?? "");

            // A node is a fact about a pod's token; only a token bound to nothing else goes with its node.
            if (claim != "node" || facts.Object("pod") is null)
            {
                Alive(kind, kind.Type.Namespaced ? account.Namespace : "", name, boundUid);
            }

            if (claim != "secret")
            {
                (extra[$"{Extra}{claim}-name"], extra[$"{Extra}{claim}-uid"]) = (name, boundUid);
            }
        }

        return account.ToCaller(uid) with { Extra = extra };
    }

    /// <summary>Refuses a token whose account or bound object is gone: deleted, another of the same name, or deleted long enough ago.</summary>
    private void Alive(KindDefinition kind, string ns, string name, string uid)
    {
        if (registry.Find(kind, ns, name) is not { } stored || stored.Uid != uid)
        {
            throw new TokenRefused($"{kind.Singular} {name} is gone");
        }

        var metadata = stored.Parse();
        if (Print.ParseTime(metadata.Text("metadata", "deletionTimestamp")) is { } deleted && deleted.AddSeconds(60) < registry.Time.GetUtcNow())
        {
            throw new TokenRefused($"{kind.Singular} {name} has been deleted");
        }
    }
}

/// <summary>A token that is not good.</summary>
internal sealed class TokenRefused(string message) : Exception(message);
