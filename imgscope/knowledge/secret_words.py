"""The words that secrets are called by, in small letters, and those that say that something is about one.

``secrets.names`` judges by them.
"""

from __future__ import annotations


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(words.split())


# What a password, token or key is called, as the last word of a name.
NOUNS = word_set(
    "password passwd passphrase passcode passwords pwd secret token apikey credential credentials accesskey "
    "privatekey secretkey authkey authtoken accountkey masterkey signingkey encryptionkey activationkey requirepass "
    "masterauth psk passwort kennwort passe motdepasse contrasena senha wachtwoord haslo salasana"
)
GLUED = tuple(
    sorted(
        word_set(
            "password passwd passphrase secret token apikey accesskey privatekey secretkey authkey accountkey "
            "sharedkey credentials"
        )
    )
)
GLUED_SHORT = (
    r"(?:db|sa|smtp|store|key|user|root|admin|e?mail|my|pg|sql|ftp|ssh|http|proxy|trust|rpc|auth|redis|ldap|bind|sudo"
    r"|smb|rdp|vnc|wifi|vpn|cert|p12|pfx|login|app|svc|service|api|git|svn|mongo|mqtt|amqp|imap|pop|sasl|zip|ipmi|snmp"
    r"|tls|ssl|domain|join|become|su)(?:pass|pwd|pw)"
)
# What kind of key is secret whatever its value looks like.
KEYS = word_set(
    "api access private secret auth encryption encrypt decryption decrypt signing sign signature master account "
    "shared hmac fernet crypto crypt cipher aes session cookie jwt webhook storage subscription license deploy ssl "
    "tls ssh bot service functions admin client"
)
# Words that secrets are called by too, and much else is: their values have to look like secrets.
WEAK = word_set(
    "key keys auth salt cookie pat bearer pin passkey otp seed credential signature sas jwt creds login session ident "
    "authorization license licence"
)
# What may follow the noun: where it is for, which one it is, and how it is written.
AFTER = word_set(
    "prod production dev devel development stage staging test testing qa uat local live sandbox preprod demo root "
    "user admin db database app api main primary secondary master slave replica default old new current previous "
    "next backup value raw plain plaintext text base64 b64 base hex readonly ro rw write read push pull github "
    "gitlab npm aws gcp azure slack stripe pypi docker registry mysql postgres pg redis mongo smtp mail ftp ssh gpg "
    "sentry str string env again internal external legacy shared global eu us one two enc encoded"
)
# Words whose names are of something about a secret; nothing of that is one, however random it looks.
ABOUT = word_set(
    "file files path paths dir directory folder url uri urls host endpoint name names type length size sock socket "
    "expiry expires expiration expire exp ttl age timeout lifetime duration sha256 sha1 sha512 md5 checksum "
    "fingerprint fingerprints digest public pub issuer audience header headers prefix suffix count limit max min "
    "policy format version provider algorithm alg enabled required method mode arn pattern regex field param "
    "parameter script command cmd class module id ids location store storage manager scheme home root mount url "
    "budget rate per refs ref reference server ring keyring stdin fd hash hashes hasher hashers hint"
)
PUBLIC = word_set(
    "sort partition foreign routing public pub "
    "publishable fingerprint fingerprints checksum sha256 sha1 sha512 md5 digest keyid keyring"
)
SIGNED = word_set("gpg pgp gpgkey signing apt rpm yum release")
# Tokens of language models, not of logins.
OTHER_TOKENS = word_set("eos bos pad unk sep mask cls stop special end start eot image speech csrf xsrf")
NEGATED = word_set(
    "no not without disabled disable empty ask prompt blank skip allow require required use enable enabled generate "
    "reset change show need needs has is verify check lock unlock delete force expire min max"
)
# Keys that documentation prints, which nobody can log in with: Stripe's and jwt.io's.
DOCUMENTED = ("4eC39HqLyjWDarjtT1zdp7dc", "BQokikJOvBiI2HlWgH4olfQ2", "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c")
LOGINS = word_set("creds credential login")
