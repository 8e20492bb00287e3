import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of JSON as this example reads. In a project with a JSON library, use that one. */
final class Json {
    private Json() {
    }

    /** The first value of this name, as text; empty where there is none. */
    static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*(?:\"([^\"]*)\"|([^,}\\s]+))").matcher(json);
        if (!found.find()) {
            return "";
        }
        return found.group(1) == null ? found.group(2) : found.group(1);
    }
}
