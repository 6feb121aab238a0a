using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Tests.Schema;

namespace Fairlead.Tests.Kinds;

/// <summary>Ingress and IngressClass, judged as Kubernetes judges them (pkg/apis/networking/validation).</summary>
public sealed class IngressKindTests
{
    private const string Subdomain = "a lowercase RFC 1123 subdomain must consist of";
    private const string Backend = """{"service":{"name":"s","port":{"number":80}}}""";

    private readonly KindHarness _harness = new();

    [Fact]
    public void An_ingress_is_stored_and_printed_without_a_word()
    {
        var ingress = _harness.Create(Manifests.Ingress);
        Assert.Empty(new IngressKind().Warnings(ingress, null));
        Assert.Equal("web|nginx|a.example.com||80, 443|60m", Row(ingress));
        ingress["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ip":"192.0.2.2"},{"hostname":"lb.example.com"},{"ip":"192.0.2.1"},{"ip":"192.0.2.1"}]}}""");
        Assert.Equal("web|nginx|a.example.com|192.0.2.1,192.0.2.2,lb.example.com|80, 443|60m", Row(ingress));
        ingress["metadata"]!["annotations"] = new JsonObject { ["kubernetes.io/ingress.class"] = "nginx" };
        Assert.Contains("is deprecated", Assert.Single(new IngressKind().Warnings(ingress, null)), StringComparison.Ordinal);
        Assert.Empty(new IngressClassKind().Warnings(new JsonObject(), null));
    }

    [Theory]
    [InlineData("{}", "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified")]
    [InlineData("""{"defaultBackend":{}}""", "spec.defaultBackend: Invalid value: \"\": resource or service backend is required")]
    [InlineData("""{"defaultBackend":{"service":{"name":"s","port":{"number":80}},"resource":{"kind":"K","name":"n"}}}""",
        "spec.defaultBackend: Invalid value: \"\": cannot set both resource and service backends")]
    [InlineData("""{"defaultBackend":{"service":{"name":"s"}}}""", "spec.defaultBackend: Required value: port name or number is required")]
    [InlineData("""{"defaultBackend":{"service":{"name":"s","port":{"number":80,"name":"http"}}}}""",
        "spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number")]
    [InlineData("""{"defaultBackend":{"service":{"name":"s","port":{"number":65536}}}}""",
        "spec.defaultBackend.service.port.number: Invalid value: 65536: must be between 1 and 65535, inclusive")]
    [InlineData("""{"defaultBackend":{"service":{"name":"s","port":{"name":"--"}}}}""", "spec.defaultBackend.service.port.name: Invalid value: \"--\": must contain at least one letter")]
    [InlineData("""{"defaultBackend":{"service":{"port":{"number":80}}}}""", "spec.defaultBackend.service.name: Required value")]
    [InlineData("""{"defaultBackend":{"service":{"name":"a.b","port":{"number":80}}}}""", "spec.defaultBackend.service.name: Invalid value: \"a.b\": a lowercase RFC 1123 label")]
    [InlineData("""{"defaultBackend":{"resource":{"apiGroup":"A","kind":"K","name":"n"}}}""", $"spec.defaultBackend.resource.apiGroup: Invalid value: \"A\": {Subdomain}")]
    [InlineData("""{"defaultBackend":{"resource":{"kind":"a/b","name":"n"}}}""", "spec.defaultBackend.resource.kind: Invalid value: \"a/b\": may not contain '/'")]
    [InlineData("""{"defaultBackend":{"resource":{"kind":"K","name":"50%"}}}""", "spec.defaultBackend.resource.name: Invalid value: \"50%\": may not contain '%'")]
    [InlineData("""{"defaultBackend":{"resource":{"kind":"K","name":".."}}}""", "spec.defaultBackend.resource.name: Invalid value: \"..\": may not be '..'")]
    public void A_bad_backend_is_refused_with_the_path_of_the_field(string spec, string fault) => Refused(spec, fault);

    [Theory]
    [InlineData("1.2.3.4", "must be a DNS name, not an IP address")]
    [InlineData("01.002.3.4", "must be a DNS name, not an IP address")]
    [InlineData("Example.com", Subdomain)]
    [InlineData("example.com:80", Subdomain)]
    [InlineData("a_b.example.com", Subdomain)]
    [InlineData("*", "a wildcard DNS-1123 subdomain must start with '*.'")]
    [InlineData("a.*.example.com", "a wildcard DNS-1123 subdomain must start with '*.'")]
    [InlineData("*.*.example.com", "a wildcard DNS-1123 subdomain must start with '*.'")]
    public void A_bad_host_is_refused(string host, string fault) =>
        Refused($$"""{"rules":[{"host":"{{host}}"}]}""", $"spec.rules[0].host: Invalid value: \"{host}\": {fault}");

    [Theory]
    [InlineData("1")]
    [InlineData("1.2")]
    [InlineData("0x7f.1")]
    [InlineData("*.example.com")]
    [InlineData("xn--bcher-kva.example")]
    public void A_name_that_no_resolver_would_take_for_an_address_is_a_host(string host) =>
        Accepted($$"""{"rules":[{"host":"{{host}}","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{{Backend}}}]} }]}""");

    [Theory]
    [InlineData("a", "Prefix", "must be an absolute path")]
    [InlineData("", "Exact", "must be an absolute path")]
    [InlineData("a", "ImplementationSpecific", "must be an absolute path")]
    [InlineData("/a//b", "Prefix", "must not contain '//'")]
    [InlineData("/a/./b", "Exact", "must not contain '/./'")]
    [InlineData("/a/../b", "Prefix", "must not contain '/../'")]
    [InlineData("/a%2fb", "Prefix", "must not contain '%2f'")]
    [InlineData("/a%2Fb", "Exact", "must not contain '%2F'")]
    [InlineData("/a/..", "Prefix", "cannot end with '/..'")]
    [InlineData("/a/.", "Exact", "cannot end with '/.'")]
    public void A_bad_path_is_refused(string path, string type, string fault) =>
        Refused(Rule($$"""{"path":"{{path}}","pathType":"{{type}}","backend":{{Backend}}}"""), $"spec.rules[0].http.paths[0].path: Invalid value: \"{path}\": {fault}");

    [Fact]
    public void Every_fault_of_a_path_is_told_and_what_is_left_to_the_controller_is()
    {
        Assert.Equal(
            ["must be an absolute path", "must not contain '//'", "cannot end with '/.'"],
            Faults(Rule($$"""{"path":"a//b/.","pathType":"Exact","backend":{{Backend}}}""")).Select(fault => fault.Split(": ")[^1]));
        Accepted(Rule($$"""{"pathType":"ImplementationSpecific","backend":{{Backend}}}"""));
        Accepted(Rule("""{"path":"/a//(.*)$","pathType":"ImplementationSpecific","backend":{"resource":{"apiGroup":"k8s.example.com","kind":"Bucket","name":"Static:1"}}}"""));
    }

    [Theory]
    [InlineData("""{"path":"/"}""", "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified")]
    [InlineData($$"""{"path":"/","pathType":"","backend":{{Backend}}}""", "spec.rules[0].http.paths[0].pathType: Unsupported value: \"\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"")]
    [InlineData($$"""{"path":"/","pathType":"Regex","backend":{{Backend}}}""", "spec.rules[0].http.paths[0].pathType: Unsupported value: \"Regex\"")]
    [InlineData("""{"path":"/","pathType":"Exact"}""", "spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is required")]
    public void A_path_has_a_type_and_a_backend(string path, string fault) => Refused(Rule(path), fault);

    [Fact]
    public void A_rule_of_HTTP_has_paths() => Refused("""{"rules":[{"http":{"paths":[]}}]}""", "spec.rules[0].http.paths: Required value");

    [Theory]
    [InlineData("""{"hosts":["a.example.com","*.b.example.com","1.2.3.4"],"secretName":"my.cert"}""", "")]
    [InlineData("{}", "")]
    [InlineData("""{"hosts":["A"]}""", $"spec.tls[0].hosts[0]: Invalid value: \"A\": {Subdomain}")]
    [InlineData("""{"hosts":["a","b*c"]}""", "spec.tls[0].hosts[1]: Invalid value: \"b*c\": a wildcard DNS-1123 subdomain")]
    [InlineData("""{"secretName":"My_Cert"}""", $"spec.tls[0].secretName: Invalid value: \"My_Cert\": {Subdomain}")]
    public void Certificates_are_named_as_Secrets_are_and_for_names(string tls, string fault)
    {
        var spec = $$"""{"defaultBackend":{{Backend}},"tls":[{{tls}}]}""";
        if (fault.Length == 0)
        {
            Accepted(spec);
        }
        else
        {
            Refused(spec, fault);
        }
    }

    [Fact]
    public void A_certificates_name_that_was_let_in_once_does_not_keep_the_Ingress_from_changing()
    {
        var old = _harness.Create(Ingress($$"""{"defaultBackend":{{Backend}},"tls":[{"secretName":"my-cert"}]}"""));
        Assert.NotEmpty(_harness.UpdateFaults(old, obj => obj["spec"]!["tls"]![0]!["secretName"] = "My_Cert"));
        old["spec"]!["tls"]![0]!["secretName"] = "My_Cert";
        Assert.Equal(2, _harness.Update(old, obj => obj["spec"]!["ingressClassName"] = "c").Number("metadata", "generation"));
    }

    [Theory]
    [InlineData("\"a\"", "a", "")]
    [InlineData("\"a\"", "b", "annotations.kubernetes.io/ingress.class: Invalid value: \"b\": must match `ingressClassName` when both are specified")]
    [InlineData("null", "b", "")]
    [InlineData("\"\"", null, $"spec.ingressClassName: Invalid value: \"\": {Subdomain}")]
    [InlineData("\"A B\"", null, $"spec.ingressClassName: Invalid value: \"A B\": {Subdomain}")]
    public void The_class_is_a_name_and_of_two_ways_to_say_it_both_must_agree_at_first(string name, string? annotation, string fault)
    {
        var document = JsonNode.Parse(Ingress($$"""{"defaultBackend":{{Backend}},"ingressClassName":{{name}}}"""))!;
        if (annotation is not null)
        {
            document["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["kubernetes.io/ingress.class"] = annotation } };
        }

        var faults = _harness.Faults(document.ToJsonString());
        Assert.Equal(fault.Length == 0 ? 0 : 1, faults.Count);
        Assert.All(faults, told => Assert.StartsWith(fault, told, StringComparison.Ordinal));

        // An Ingress that has been there may say one thing and the other.
        var old = _harness.Create(Ingress($$"""{"defaultBackend":{{Backend}},"ingressClassName":"x"}"""));
        Assert.Empty(_harness.UpdateFaults(old, obj => obj["metadata"]!["annotations"] = new JsonObject { ["kubernetes.io/ingress.class"] = "y" }));
    }

    [Theory]
    [InlineData("""{"ip":"192.0.2.1","ports":[{"port":80,"protocol":"TCP"}]}""", "")]
    [InlineData("""{"hostname":"lb.example.com"}""", "")]
    [InlineData("""{"ip":"fd00::1"}""", "")]
    [InlineData("""{"ip":"192.0.2"}""", "status.loadBalancer.ingress[0].ip: Invalid value: \"192.0.2\": must be a valid IP address")]
    [InlineData("""{"hostname":"a_b"}""", $"status.loadBalancer.ingress[0].hostname: Invalid value: \"a_b\": {Subdomain}")]
    [InlineData("""{"hostname":"192.0.2.1"}""", "status.loadBalancer.ingress[0].hostname: Invalid value: \"192.0.2.1\": must be a DNS name, not an IP address")]
    public void A_status_has_addresses_and_names(string entry, string fault)
    {
        var ingress = _harness.Create(Ingress($$"""{"defaultBackend":{{Backend}}}"""));
        void Write(JsonObject obj) => obj["status"] = JsonNode.Parse($$"""{"loadBalancer":{"ingress":[{{entry}}]} }""");
        var faults = _harness.UpdateFaults(ingress, Write, "status");
        Assert.Equal(fault.Length == 0 ? 0 : 1, faults.Count);
        Assert.All(faults, told => Assert.StartsWith(fault, told, StringComparison.Ordinal));

        // A write of the Ingress cannot touch it, and a write of the status cannot touch the rest.
        Assert.Equal("{}", _harness.Update(ingress, Write)["status"]!["loadBalancer"]!.ToJsonString());
        Assert.Null(_harness.Update(ingress, obj => obj["spec"]!["ingressClassName"] = "c", "status").Text("spec", "ingressClassName"));
    }

    [Theory]
    [InlineData("""{"controller":"acme.io/foo"}""", "")]
    [InlineData("""{"controller":"acme.io/foo/b-a~r"}""", "")]
    [InlineData("{}", "spec.controller: Required value")]
    [InlineData("""{"controller":"foo"}""", "spec.controller: Invalid value: \"foo\": must be a domain-prefixed path (such as \"acme.io/foo\")")]
    [InlineData("""{"controller":"/foo"}""", "spec.controller: Invalid value: \"/foo\": must be a domain-prefixed path")]
    [InlineData("""{"controller":"a/"}""", "spec.controller: Invalid value: \"a/\": must be a domain-prefixed path")]
    [InlineData("""{"controller":"A/foo"}""", $"spec.controller: Invalid value: \"A\": {Subdomain}")]
    [InlineData("""{"controller":"a/b c"}""", "spec.controller: Invalid value: \"b c\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')")]
    [InlineData("""{"controller":"a/b","parameters":{"kind":"K","name":"n"}}""", "")]
    [InlineData("""{"controller":"a/b","parameters":{"apiGroup":"x.y","kind":"K","name":"n","scope":"Namespace","namespace":"ns"}}""", "")]
    [InlineData("""{"controller":"a/b","parameters":{"apiGroup":"X","kind":"K","name":"n"}}""", $"spec.parameters.apiGroup: Invalid value: \"X\": {Subdomain}")]
    [InlineData("""{"controller":"a/b","parameters":{"name":"n"}}""", "spec.parameters.kind: Required value")]
    [InlineData("""{"controller":"a/b","parameters":{"kind":"K","name":"a/b"}}""", "spec.parameters.name: Invalid value: \"a/b\": may not contain '/'")]
    [InlineData("""{"controller":"a/b","parameters":{"kind":"K","name":"n","scope":"World"}}""", "spec.parameters.scope: Unsupported value: \"World\": supported values: \"Cluster\", \"Namespace\"")]
    [InlineData("""{"controller":"a/b","parameters":{"kind":"K","name":"n","scope":""}}""", "spec.parameters.scope: Unsupported value: \"\"")]
    [InlineData("""{"controller":"a/b","parameters":{"kind":"K","name":"n","scope":"Namespace"}}""", "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'")]
    [InlineData("""{"controller":"a/b","parameters":{"kind":"K","name":"n","scope":"Namespace","namespace":"a.b"}}""", "spec.parameters.namespace: Invalid value: \"a.b\": a lowercase RFC 1123 label")]
    [InlineData("""{"controller":"a/b","parameters":{"kind":"K","name":"n","namespace":""}}""", "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'")]
    public void A_class_names_its_controller_and_where_its_parameters_are(string spec, string fault)
    {
        var faults = _harness.Faults($$"""{"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","spec":{{spec}}}""");
        Assert.Equal(fault.Length == 0 ? 0 : 1, faults.Count);
        Assert.All(faults, told => Assert.StartsWith(fault, told, StringComparison.Ordinal));
    }

    [Fact]
    public void A_class_keeps_its_controller_which_has_a_limit_and_its_parameters_are_the_clusters_unless_said_otherwise()
    {
        var made = _harness.Create("""{"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","spec":{"controller":"a/b","parameters":{"apiGroup":"x.y","kind":"K","name":"n"}}}""");
        Assert.Equal("Cluster", made.Text("spec", "parameters", "scope"));
        Assert.Equal("x|a/b|K.x.y/n|60m", Row(made));
        Assert.Equal(["spec.controller: Invalid value: \"a/c\": field is immutable"], _harness.UpdateFaults(made, obj => obj["spec"]!["controller"] = "a/c"));
        Assert.Equal(2, _harness.Update(made, obj => obj["spec"]!["parameters"]!["name"] = "m").Number("metadata", "generation"));
        Assert.Equal(
            ["spec.controller: Too long: may not be more than 250 bytes"],
            _harness.Faults($$"""{"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","spec":{"controller":"a/{{new string('b', 249)}}"} }"""));
    }

    private static string Ingress(string spec) => $$"""{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","spec":{{spec}}}""";

    private static string Rule(string path) => $$"""{"rules":[{"http":{"paths":[{{path}}]} }]}""";

    private static string Row(JsonObject obj) => string.Join('|', KindHarness.KindOf(obj).Row(obj, KindHarness.Now).Select(cell => cell?.ToString()));

    private IReadOnlyList<string> Faults(string spec) => _harness.Faults(Ingress(spec));

    private void Accepted(string spec) => Assert.Equal([], Faults(spec));

    private void Refused(string spec, string fault) => Assert.StartsWith(fault, Assert.Single(Faults(spec)), StringComparison.Ordinal);
}
