"""Places that people name for their time zone although no zone is called after them.

tzdb names one city for each region, so most large cities, all states and some short names of countries are
missing from it. The zones are those of the tz database's ``zone1970.tab``. Names have no accents here.
"""

from __future__ import annotations

_PLACES = {
    "America/New_York": (
        "eastern, new england, atlanta, baltimore, boston, brooklyn, charlotte, cincinnati, cleveland, "
        "columbus, manhattan, miami, newark, nyc, orlando, philadelphia, pittsburgh, raleigh, richmond, "
        "tampa, washington, washington dc, washington d.c., connecticut, delaware, georgia, maine, "
        "maryland, massachusetts, new hampshire, new jersey, new york city, north carolina, ohio, "
        "pennsylvania, rhode island, south carolina, vermont, virginia, west virginia"
    ),
    "America/Chicago": (
        "central, austin, dallas, fort worth, houston, kansas city, memphis, milwaukee, minneapolis, "
        "nashville, new orleans, oklahoma city, omaha, san antonio, st. louis, st louis, alabama, "
        "arkansas, illinois, iowa, louisiana, minnesota, mississippi, missouri, oklahoma, wisconsin"
    ),
    "America/Denver": "mountain, albuquerque, salt lake city, colorado, montana, new mexico, utah, wyoming",
    "America/Phoenix": "arizona, tucson",
    "America/Los_Angeles": (
        "pacific, california, las vegas, portland, sacramento, san diego, san francisco, seattle, silicon "
        "valley, washington state"
    ),
    "America/Anchorage": "alaska",
    "Pacific/Honolulu": "hawaii",
    "America/Toronto": "ottawa, montreal, quebec, quebec city",
    "America/Vancouver": "british columbia",
    "America/Edmonton": "alberta, calgary",
    "America/Regina": "saskatchewan, saskatoon",
    "America/Winnipeg": "manitoba",
    "America/Halifax": "atlantic, nova scotia, new brunswick",
    "America/St_Johns": "newfoundland",
    "America/Mexico_City": "cdmx, guadalajara, puebla",
    "America/Sao_Paulo": (
        "brasilia, rio, rio de janeiro, belo horizonte, curitiba, florianopolis, porto alegre, goiania"
    ),
    "America/Bahia": "salvador",
    "America/Argentina/Buenos_Aires": "rosario",
    "America/Bogota": "medellin, cali",
    "Europe/London": (
        "uk, u.k., great britain, britain, england, scotland, wales, northern ireland, belfast, "
        "birmingham, bristol, cardiff, edinburgh, glasgow, leeds, liverpool, manchester"
    ),
    "Europe/Dublin": "cork",
    "Europe/Paris": "bordeaux, lille, lyon, marseille, nantes, nice, strasbourg, toulouse",
    "Europe/Berlin": (
        "bonn, bremen, cologne, dortmund, dresden, dusseldorf, essen, frankfurt, hamburg, hannover, "
        "hanover, koln, leipzig, munich, munchen, nuremberg, nurnberg, stuttgart"
    ),
    "Europe/Zurich": "basel, bern, geneva, genf, geneve, lausanne",
    "Europe/Vienna": "graz, linz, salzburg, wien",
    "Europe/Madrid": "barcelona, bilbao, malaga, seville, sevilla, valencia, zaragoza",
    "Europe/Lisbon": "porto, lisboa",
    "Europe/Rome": (
        "bologna, florence, firenze, milan, milano, naples, napoli, turin, torino, venice, venezia"
    ),
    "Europe/Amsterdam": "holland, rotterdam, the hague, den haag, eindhoven, utrecht",
    "Europe/Brussels": "antwerp, antwerpen, ghent, gent",
    "Europe/Stockholm": "gothenburg, goteborg, malmo",
    "Europe/Warsaw": "gdansk, krakow, lodz, poznan, wroclaw",
    "Europe/Prague": "czech republic, brno",
    "Europe/Kyiv": "kiev, kharkiv, lviv, odesa, odessa",
    "Europe/Moscow": "st. petersburg, saint petersburg, st petersburg",
    "Europe/Istanbul": "turkey, ankara, izmir",
    "Asia/Dubai": "uae, u.a.e., emirates, abu dhabi",
    "Asia/Riyadh": "jeddah, mecca",
    "Asia/Jerusalem": "tel aviv, haifa",
    "Asia/Karachi": "lahore, islamabad",
    "Asia/Kolkata": (
        "ahmedabad, bangalore, bengaluru, bombay, chennai, delhi, hyderabad, jaipur, lucknow, mumbai, new "
        "delhi, pune"
    ),
    "Asia/Shanghai": "beijing, peking, chengdu, guangzhou, shenzhen, tianjin, wuhan",
    "Asia/Ho_Chi_Minh": "hanoi, saigon",
    "Asia/Tokyo": "kyoto, nagoya, osaka, sapporo, yokohama",
    "Asia/Seoul": "korea, busan",
    "Asia/Manila": "cebu, quezon city",
    "Asia/Jakarta": "bandung, surabaya",
    "Australia/Sydney": "canberra, new south wales, nsw",
    "Australia/Brisbane": "queensland, gold coast",
    "Australia/Melbourne": "victoria australia",
    "Australia/Hobart": "tasmania",
    "Australia/Adelaide": "south australia",
    "Australia/Perth": "western australia",
    "Australia/Darwin": "northern territory",
    "Pacific/Auckland": "wellington, christchurch",
    "Africa/Johannesburg": "cape town, durban, pretoria",
    "Africa/Lagos": "abuja",
    "Africa/Casablanca": "marrakesh, rabat",
}  # fmt: skip
_IN_TWO = {
    ("America/New_York", "America/Chicago"): "florida, indiana, kentucky, michigan, tennessee",
    ("America/Chicago", "America/Denver"): "kansas, nebraska, north dakota, south dakota, texas",
    ("America/Los_Angeles", "America/Denver"): "idaho, nevada, oregon",
    ("America/Toronto", "America/Winnipeg"): "ontario",
}
PLACES: dict[str, tuple[str, ...]] = {
    name: zones
    for zones, names in ({(zone,): names for zone, names in _PLACES.items()} | _IN_TWO).items()
    for name in names.split(", ")
}
"""The zones of each place, by its name in lower case; a state may lie in two."""

SHORT_NAMES = {
    "us": "US",
    "u.s.": "US",
    "usa": "US",
    "u.s.a.": "US",
    "america": "US",
    "the united states": "US",
}
"""Other names of countries with several zones, and their codes (ISO 3166)."""

MAIN_ZONES = {
    "CL": "America/Santiago", "CN": "Asia/Shanghai", "DE": "Europe/Berlin", "EC": "America/Guayaquil",
    "ES": "Europe/Madrid", "MH": "Pacific/Majuro", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon", "UA": "Europe/Kyiv", "UZ": "Asia/Tashkent",
}  # fmt: skip
"""The zone that a country's name alone means, though it has others: CLDR's ``primaryZones``."""
