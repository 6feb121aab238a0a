namespace Fairlead.Policy.Findings;

/// <summary>The mistakes that are found, by their codes; docs/policy.md has an example of each.</summary>
public static class FindingCode
{
    /// <summary>A field of a policy is not understood, and allows nothing.</summary>
    public const string NotUnderstood = "not-understood";

    /// <summary>A Service's numeric targetPort is none that the pods it selects declare.</summary>
    public const string TargetPortUndeclared = "target-port-undeclared";

    /// <summary>A Service's targetPort is a name that no pod it selects gives a port.</summary>
    public const string TargetPortNameAbsent = "target-port-name-absent";

    /// <summary>A Service's selector matches no pod.</summary>
    public const string ServiceSelectsNothing = "service-selects-nothing";

    /// <summary>A policy is about no pod.</summary>
    public const string PolicySelectsNothing = "policy-selects-nothing";

    /// <summary>A peer selects no pod anywhere.</summary>
    public const string PeerSelectsNothing = "peer-selects-nothing";

    /// <summary>A podSelector without a namespaceSelector, whose pods are in other namespaces only.</summary>
    public const string PeerInOtherNamespace = "peer-in-other-namespace";

    /// <summary>A namespaceSelector that no namespace matches.</summary>
    public const string NamespaceLabelUnknown = "namespace-label-unknown";

    /// <summary>A namespaceSelector and a podSelector as two peers (either), where one peer (both) will have been meant.</summary>
    public const string PeersEitherOr = "peers-either-or";

    /// <summary>A policy's port is a Service's, where the pods listen on the Service's targetPort.</summary>
    public const string PolicyServicePort = "policy-service-port";

    /// <summary>Pods may send to some, but not ask the cluster's DNS.</summary>
    public const string DnsEgressForgotten = "dns-egress-forgotten";

    /// <summary>policyTypes has Egress beside ingress rules, and there is no egress rule: nothing may be sent.</summary>
    public const string EgressWithoutRules = "egress-without-rules";

    /// <summary>Rules of a direction that policyTypes does not have.</summary>
    public const string RulesWithoutType = "rules-without-type";

    /// <summary>An ipBlock of Service addresses, which no packet carries where policy is decided.</summary>
    public const string BlockOfServices = "block-of-services";

    /// <summary>An ipBlock of pods' addresses, which pods do not keep.</summary>
    public const string BlockOfPods = "block-of-pods";
}
