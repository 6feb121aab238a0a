namespace Fairlead.Dns.Wire;

/// <summary>Record and query types by their IANA number, as far as the server knows them.</summary>
internal enum RecordType : ushort
{
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    HINFO = 13,
    MX = 15,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    DNAME = 39,
    OPT = 41,
    DS = 43,
    RRSIG = 46,
    NSEC = 47,
    NSEC3 = 50,
    SVCB = 64,
    HTTPS = 65,
    IXFR = 251,
    AXFR = 252,
    ANY = 255,
}

/// <summary>Response codes (RFC 1035 §4.1.1, RFC 6891 §9).</summary>
internal enum ResponseCode : ushort
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    BadVers = 16,
}

/// <summary>The parts of a message that hold records, in their order.</summary>
internal enum Section
{
    Answer,
    Authority,
    Additional,
}
