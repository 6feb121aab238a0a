using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;

namespace Fairlead.KernelTests.Dns;

/// <summary>How an upstream is asked, and what one that lies can do.</summary>
public sealed class UpstreamTests : IDisposable
{
    private readonly ForwarderLab _lab = new();

    [Theory]
    [InlineData("127.0.0.8", false)]
    [InlineData("127.0.0.8", true)]
    [InlineData("::1", false)]
    [InlineData("::1", true)]
    public async Task Both_families_are_asked_by_UDP_or_by_TCP_alone(string address, bool forceTcp)
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, address));
        _lab.Start([upstream], options => options with { ForceTcp = forceTcp, PreferUdp = true });
        var reply = _lab.AskAsync("a.test");
        var asked = await upstream.NextAsync();
        Assert.Equal(forceTcp, asked.Tcp);
        await asked.Answer(asked.Reply(ForwarderLab.Response, "192.0.2.1"));
        Assert.Equal("0 .1", await reply);
    }

    [Fact]
    public async Task A_forger_has_twelve_guesses_then_the_question_goes_by_TCP()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], cache: new CacheOptions());
        var reply = _lab.AskAsync("a.test");
        var asked = await upstream.NextAsync();
        var forged = asked.Reply(ForwarderLab.Response, "192.0.2.66");
        for (var i = 1; i <= UdpQuestion.MostGuesses; i++)
        {
            forged[1] = (byte)(asked.Id + i);
            await asked.Answer(forged);
        }

        // Too late now, even when it is right.
        var byTcp = await upstream.NextAsync();
        await asked.Answer(asked.Reply(ForwarderLab.Response, "192.0.2.66"));
        Assert.True(byTcp.Tcp);
        await byTcp.Answer(byTcp.Reply(ForwarderLab.Response, "192.0.2.1"));
        Assert.Equal("0 .1", await reply);
        Assert.Equal("0 .1", await _lab.AskAsync("a.test"));
        Assert.Equal(UdpQuestion.MostGuesses, Counters.WrongReplies);
    }

    [Fact]
    public async Task Names_go_out_in_random_case_and_a_reply_in_another_is_asked_for_by_TCP()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream]);
        List<string> cases = [];
        for (var i = 0; i < 4; i++)
        {
            var reply = _lab.AskAsync("the-quick-brown-fox.test");
            var asked = await upstream.NextAsync();
            cases.Add(asked.Name);

            // Port and id are right, the case is a guess.
            var forged = asked.Reply(ForwarderLab.Response, "192.0.2.66");
            forged[13] ^= 0x20;
            await asked.Answer(forged);
            var byTcp = await upstream.NextAsync();
            Assert.True(byTcp.Tcp);
            await byTcp.Answer(byTcp.Reply(ForwarderLab.Response, "192.0.2.1"));
            Assert.Equal("0 .1", await reply);
            reply = _lab.AskAsync("the-quick-brown-fox.test");
            await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.2");
            Assert.Equal("0 .2", await reply);
        }

        Assert.Equal(4, cases.Distinct().Count());
        Assert.Equal((4, false), (Counters.OtherCase, _lab.Forwarder.Upstreams[0].LosesCase));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_that_loses_the_case_is_found_out_and_asked_without(bool tcp)
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8", tcp: tcp));
        _lab.Start([upstream]);
        var reply = _lab.AskAsync("the-quick-brown-fox.test");
        for (var i = 0; i < 2; i++)
        {
            var asked = await upstream.NextAsync();
            Assert.Equal(tcp && i == 1, asked.Tcp);
            await asked.Answer(Lower(asked.Reply(ForwarderLab.Response, "192.0.2.1"), asked));
        }

        Assert.Equal("0 .1", await reply);
        Assert.True(_lab.Forwarder.Upstreams[0].LosesCase);
        reply = _lab.AskAsync("the-lazy-dog.test");
        var next = await upstream.NextAsync();
        Assert.Equal((false, "the-lazy-dog\u0004test"), (next.Tcp, next.Name));
        await next.Answer(next.Reply(ForwarderLab.Response, "192.0.2.2"));
        Assert.Equal("0 .2", await reply);
    }

    [Fact]
    public async Task Records_of_other_names_are_neither_given_nor_kept()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], cache: new CacheOptions());
        var reply = _lab.AskAsync("a.test");
        var asked = await upstream.NextAsync();
        byte[] lie = [.. asked.Reply(ForwarderLab.Response, "192.0.2.1"), .. DnsName.Encode("bank.test"), 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 66];
        lie[7]++;
        await asked.Answer(lie);
        Assert.Equal("0 .1", await reply);
        Assert.Equal("0 .1", await _lab.AskAsync("a.test"));
    }

    [Fact]
    public async Task An_upstream_that_answers_another_question_gives_way()
    {
        var (first, second) = (_lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8")), _lab.PlayAnswering("127.0.0.9", "192.0.2.2"));
        _lab.Start([first, second]);
        var reply = _lab.AskAsync("a.test");
        var asked = await first.NextAsync();
        byte[] lie = [.. asked.Reply(ForwarderLab.Response), .. DnsName.Encode("bank.test"), 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 66];
        lie[7]++;
        await asked.Answer(lie);
        Assert.Equal("0 .2", await reply);
        Assert.Equal(1, _lab.Forwarder.Counters.Foreign);
    }

    [Fact]
    public async Task Questions_share_connections_and_their_replies_may_come_in_any_order()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8") { ClosesAfterOne = false });
        _lab.Start([upstream], options => options with { ForceTcp = true });
        var replies = Enumerable.Range(0, 200).Select(i => _lab.AskAsync($"{i}.test")).ToList();
        List<Asked> asked = [];
        for (var i = 0; i < 200; i++)
        {
            asked.Add(await upstream.NextAsync());
        }

        Assert.Equal(2, upstream.Connections);
        foreach (var one in Enumerable.Reverse(asked))
        {
            await one.Answer(one.Reply(ForwarderLab.Response, $"192.0.2.{int.Parse(one.Name.Split('\u0004')[0], null) % 256}"));
        }

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"0 .{i}"), await Task.WhenAll(replies));
        Assert.Equal((3, 198), (Counters.ConnectionsOpened + 1, Counters.ConnectionsReused - 1));
    }

    [Fact]
    public async Task An_idle_connection_is_closed_in_time_and_a_silent_one_is_not_asked_again()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8") { ClosesAfterOne = false });
        _lab.Start([upstream], options => options with { ForceTcp = true, MaxFails = 0 });
        foreach (var (idle, connections) in new[] { (0, 1), (9, 1), (10, 2) })
        {
            _lab.Time.Advance(TimeSpan.FromSeconds(idle));
            var reply = _lab.AskAsync("a.test");
            await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.1");
            Assert.Equal("0 .1", await reply);
            Assert.Equal(connections, upstream.Connections);
        }

        var asked = _lab.AskAsync("b.test");
        await upstream.NextAsync();
        _lab.Time.Advance(Forwarder.TryTime);
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.2");
        Assert.Equal("0 .2", await asked);
        Assert.Equal(3, upstream.Connections);
    }

    [Fact]
    public async Task A_server_that_takes_one_question_per_connection_answers_all()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8") { Answers = asked => asked.Reply(ForwarderLab.Response, "192.0.2.1") });
        _lab.Start([upstream], options => options with { ForceTcp = true });
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _lab.AskAsync($"{i}.test"))), reply => Assert.Equal("0 .1", reply));
        Assert.All(await Task.WhenAll(Enumerable.Range(50, 50).Select(i => _lab.AskAsync($"{i}.test"))), reply => Assert.Equal("0 .1", reply));
    }

    [Theory]
    [InlineData("dns.example", true, "0 .1")]
    [InlineData("", true, "0 .1")] // the address is in the certificate too
    [InlineData("other.example", true, "ServFail")]
    [InlineData("dns.example", false, "ServFail")] // signed by nobody the host trusts
    public async Task TLS_upstreams_are_who_they_should_be_or_not_asked(string name, bool trusted, string expected)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = Authority(key);
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, authority.ExportCertificatePem());
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8", ServerCertificate(authority)) { Answers = asked => asked.Reply(ForwarderLab.Response, "192.0.2.1"), ClosesAfterOne = false });
        _lab.Start([upstream], options => options with { TlsServerName = name, TlsAuthorities = trusted ? new PemFile(path) : null });
        Assert.Equal(expected, await _lab.AskAsync("a.test"));
        Assert.Equal(expected, await _lab.AskAsync("b.test"));
        Assert.True(expected == "ServFail" || upstream.Connections == 1);
        File.Delete(path);
    }

    [Theory]
    [InlineData(true, false, "0 .1")]
    [InlineData(true, true, "0 .1")]
    [InlineData(false, false, "ServFail")]
    public async Task A_TLS_upstream_that_asks_who_we_are_is_shown_our_certificate(bool shown, bool inText, string expected)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = Authority(key);
        using var own = new CertificateRequest("CN=fairlead", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var folder = Directory.CreateTempSubdirectory();
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8", ServerCertificate(authority))
        {
            Answers = asked => asked.Reply(ForwarderLab.Response, "192.0.2.1"),
            Client = "CN=fairlead",
        });
        PemFile File(string name, string text)
        {
            var path = Path.Combine(folder.FullName, name);
            System.IO.File.WriteAllText(path, inText ? "" : text);
            return new PemFile(path, inText ? text : null);
        }

        _lab.Start([upstream], options => options with
        {
            TlsAuthorities = File("ca.pem", authority.ExportCertificatePem()),
            TlsCertificate = shown ? File("cert.pem", own.ExportCertificatePem()) : null,
            TlsKey = shown ? File("key.pem", key.ExportPkcs8PrivateKeyPem()) : null,
        });
        Assert.Equal(expected, await _lab.AskAsync("a.test"));
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(0x8181, false, false)]
    [InlineData(0x8181, true, false)] // a header alone
    [InlineData(0x8184, false, false)]
    [InlineData(0x8181, false, true)]
    [InlineData(0x8181, true, true)]
    public async Task An_upstream_without_EDNS_is_asked_once_more_without_and_then_at_once(int flags, bool bare, bool tcp)
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8") { ClosesAfterOne = false });
        _lab.Start([upstream], options => options with { ForceTcp = tcp });
        foreach (var (name, wait, edns) in new[] { ("a.test", TimeSpan.Zero, true), ("b.test", TimeSpan.Zero, false), ("c.test", Upstream.PlainTime, true) })
        {
            _lab.Time.Advance(wait);
            var reply = _lab.AskAsync(name);
            var asked = await upstream.NextAsync();
            Assert.Equal((edns, tcp), (asked.HasEdns, asked.Tcp));
            if (edns)
            {
                await asked.Answer(bare ? [.. asked.Query[..2], (byte)(flags >> 8), (byte)flags, .. new byte[8]] : asked.Reply(flags));
                asked = await upstream.NextAsync();
                Assert.False(asked.HasEdns);
            }

            await asked.Answer(asked.Reply(ForwarderLab.Response, "192.0.2.1"));
            Assert.Equal("0 .1", await reply);
        }

        Assert.Equal((3, 0), (Counters.Requests, Counters.WrongReplies));
    }

    [Fact]
    public async Task An_upstream_with_EDNS_that_does_not_understand_the_question_is_believed()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream]);
        var reply = _lab.AskAsync("a.test");
        var asked = await upstream.NextAsync();
        byte[] refusal = [.. asked.Reply(0x8181), 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
        refusal[11] = 1;
        await asked.Answer(refusal);
        Assert.Equal("1", await reply);
        Assert.Equal(1, Counters.Requests);
    }

    public void Dispose() => _lab.Dispose();

    private UpstreamCounters Counters => _lab.Forwarder.Upstreams[0].Counters;

    private static byte[] Lower(byte[] reply, Asked asked)
    {
        DnsName.ToLower(asked.Query.AsSpan()[12..^15], reply.AsSpan(12));
        return reply;
    }

    private static X509Certificate2 Authority(ECDsa key) =>
        new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256) { CertificateExtensions = { new X509BasicConstraintsExtension(true, false, 0, true) } }
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));

    private static X509Certificate2 ServerCertificate(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("dns.example");
        names.AddIpAddress(IPAddress.Parse("127.0.0.8"));
        var request = new CertificateRequest("CN=dns.example", key, HashAlgorithmName.SHA256) { CertificateExtensions = { names.Build() } };
        using var signed = request.Create(authority, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(199), [1, 2, 3]);
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
