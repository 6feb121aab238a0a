using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>
/// What a new pod gets from its service account (upstream's admission plugin ServiceAccount): the account must exist, its pull secrets, and unless it
/// or the pod declines, a volume with a token, the cluster's certificate and the namespace.
/// </summary>
internal static class AccountAdmission
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string VolumePrefix = "kube-api-access-";
    private const string DefaultAccount = "default";

    /// <summary>As upstream's: an hour, and seven seconds by which its tokens are told from others.</summary>
    private const int TokenSeconds = 3607;

    /// <summary>Completes a pod that is about to be created.</summary>
    /// <exception cref="StatusException">403: there is no such account.</exception>
    public static void Admit(ObjectStore store, KindDefinition kind, string ns, JsonObject pod)
    {
        if (kind is not PodKind || pod.Object("spec") is not { } spec)
        {
            return;
        }

        var name = spec.Text("serviceAccountName") is { Length: > 0 } given ? given : spec.Text("serviceAccount") is { Length: > 0 } old ? old : DefaultAccount;
        var account = store.Get(new ObjectId(KindIndex.Resource(ResourceTypes.ServiceAccounts), ns, name))?.Parse();
        if (account is null && name != DefaultAccount)
        {
            throw StatusException.Forbidden(
                kind.Type, ObjectMeta.Name(pod), $"error looking up service account {ns}/{name}: serviceaccount \"{name}\" not found");
        }

        // The default account of a new namespace may be a moment behind its first pod; it has nothing to say then.
        if (spec.List("imagePullSecrets") is not { Count: > 0 } && account.List("imagePullSecrets") is { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = secrets.DeepClone();
        }

        if (spec.Flag("automountServiceAccountToken") ?? account.Flag("automountServiceAccountToken") ?? true)
        {
            Mount(spec);
        }
    }

    private static void Mount(JsonObject spec)
    {
        var containers = spec.List("initContainers").Items().Concat(spec.List("containers").Items()).Select(pair => pair.Item)
            .Where(container => container.List("volumeMounts").Items().All(pair => pair.Item.Text("mountPath") != MountPath)).ToList();
        if (containers.Count == 0)
        {
            return;
        }

        var name = spec.List("volumes").Items().Select(pair => pair.Item.Text("name") ?? "").FirstOrDefault(name => name.StartsWith(VolumePrefix, StringComparison.Ordinal));
        if (name is null)
        {
            name = SystemMetadata.Generate(VolumePrefix);
            Add(spec, "volumes", Volume(name));
        }

        foreach (var container in containers)
        {
            Add(container, "volumeMounts", new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = MountPath });
        }
    }

    private static void Add(JsonObject owner, string list, JsonNode item)
    {
        if (owner.List(list) is { } there)
        {
            there.Add(item);
        }
        else
        {
            owner[list] = new JsonArray(item);
        }
    }

    private static JsonObject Volume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" } },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace",
                            ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
        },
    };
}
