namespace Fairlead.Dns.Kubernetes;

/// <summary>What the cluster's zones made of a query.</summary>
internal enum ZoneOutcome
{
    /// <summary>The name lies in none of them; nothing was written.</summary>
    NotMine,

    /// <summary>The reply is complete.</summary>
    Answered,

    /// <summary>The name stands for one outside of the zones: its CNAME is written, the addresses are to be asked upstream.</summary>
    Alias,

    /// <summary>The name does not exist, but the asking pod's resolver would go on to names outside of the zones: nothing was written.</summary>
    Search,
}

/// <summary>What is known of one name.</summary>
internal enum Found
{
    /// <summary>The name does not exist: NXDOMAIN.</summary>
    Nothing,

    /// <summary>The name exists; what was asked of it may have been written, or there is none of that type: NODATA.</summary>
    Name,

    /// <summary>The name is another name's alias, whose CNAME was written.</summary>
    Alias,
}
