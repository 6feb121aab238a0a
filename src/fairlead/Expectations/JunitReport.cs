using System.Globalization;
using System.Text;
using System.Xml;

namespace Fairlead.Expectations;

/// <summary>Results as JUnit XML, which every CI reads: a suite for each mode, a test case for each expectation. Pure.</summary>
internal static class JunitReport
{
    /// <summary>The document.</summary>
    public static string Of(IReadOnlyList<ModeResult> runs)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("testsuites");
            foreach (var run in runs)
            {
                Suite(xml, run);
            }

            xml.WriteEndElement();
        }

        return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + text + "\n";
    }

    private static void Suite(XmlWriter xml, ModeResult run)
    {
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", $"fairlead {run.Name}");
        xml.WriteAttributeString("tests", Number(run.Cases.Count));
        xml.WriteAttributeString("failures", Number(run.Cases.Count(result => !result.Passed && result.Fault.Length == 0)));
        xml.WriteAttributeString("errors", Number(run.Cases.Count(result => result.Fault.Length > 0)));
        foreach (var result in run.Cases)
        {
            var (expectation, place) = (result.Expectation, result.Expectation.Place);
            xml.WriteStartElement("testcase");
            xml.WriteAttributeString("classname", Clean(place.File));
            xml.WriteAttributeString("name", Clean($"{CaseText.Title(result)}: {expectation.ExpectText}"));
            xml.WriteAttributeString("file", Clean(place.File));
            xml.WriteAttributeString("line", Number(place.Line));
            if (!result.Passed)
            {
                xml.WriteStartElement(result.Fault.Length > 0 ? "error" : "failure");
                xml.WriteAttributeString("message", Clean($"expected {expectation.ExpectText}, {result.Seen}"));
                xml.WriteString(Clean($"{place}: {CaseText.Why(result, run)}"));
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>XML 1.0 has no way to say most control characters.</summary>
    private static string Clean(string text) => string.Concat(text.Select(letter => XmlConvert.IsXmlChar(letter) || char.IsSurrogate(letter) ? letter : '\uFFFD'));
}
