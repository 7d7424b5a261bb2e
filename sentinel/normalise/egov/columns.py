"""Names that several services write the same way, so that a vendor of two learns them once."""

from sentinel.normalise.egov.schema import Entry

USER = Entry("user", "user.name", "account", "Account of the official who acted, or tried to", needed=True)
USER_IF_ANY = Entry("user", "user.name", "account", "Account of the official who acted, where there is one")
AGENCY = Entry("agency", "sentinel.egov.agency_code", "text", "Code of the agency that acts", needed=True, most=64)
AGENCY_IF_ANY = Entry("agency", "sentinel.egov.agency_code", "text", "Code of the agency that acts", most=64)
REASON = Entry("reason", "event.reason", "text", "Why it failed")
ROLES = Entry("roles", "user.roles", "texts", "Roles of the account")
SESSION = Entry("session", "sentinel.egov.session_id", "text", "Session in the application", most=128)
SOURCE_IP = Entry("source_ip", "source.ip", "ip", "Address the request came from")
DEVICE = Entry(
    "device", "device.id", "text", "Computer or device; stays the same for the same one, and says nothing of its owner"
)
USER_AGENT = Entry("user_agent", "user_agent.original", "text", "What the browser says it is", most=1_000)
CITIZEN = Entry(
    "citizen", "sentinel.egov.citizen_hmac", "token", "Keyed hash of the citizen's number; see *Personal data*"
)
DOSSIER = Entry("dossier", "sentinel.egov.dossier_id", "text", "Number of the dossier", most=128)
PROCEDURE = Entry("procedure", "sentinel.egov.procedure_code", "text", "Code of the administrative procedure", most=64)
FILE_HASH = Entry("file_hash", "file.hash.sha256", "sha256", "SHA-256 of the file, 64 hexadecimal digits")
FILE_EXTENSION = Entry("file_extension", "file.extension", "text", "What follows the last dot of its name", most=32)
FILE_SIZE = Entry("file_size", "file.size", "count", "Its size in bytes")
CERTIFICATE = Entry(
    "certificate",
    "sentinel.egov.certificate_serial",
    "serial",
    "Serial number of the certificate, hexadecimal; kept in small letters without colons",
)
RECIPIENT_DOMAINS = Entry(
    "recipient_domains", "sentinel.egov.recipient_domains", "domains", "Mail domains of the recipients, without names"
)
HTTP_STATUS = Entry("status", "http.response.status_code", "http-status", "HTTP status of the answer")
