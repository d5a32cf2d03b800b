//! The words that contacts are made of, the most frequent first.

/// First names.
pub(super) const FIRST_NAMES: [&str; 120] = [
    "James", "Maria", "John", "Sarah", "Michael", "Anna", "David", "Jennifer", "Robert", "Laura",
    "Daniel", "Jessica", "Thomas", "Emma", "William", "Olivia", "Mark", "Elena", "Paul", "Linda",
    "Peter", "Emily", "Andrew", "Julia", "Mohamed", "Sofia", "Alex", "Karen", "Chris", "Susan",
    "Kevin", "Nicole", "Brian", "Lisa", "Steven", "Fatima", "Jason", "Rachel", "Eric", "Hannah",
    "José", "Michelle", "Juan", "Amanda", "Carlos", "Stephanie", "Luis", "Rebecca", "Ahmed", "Kate",
    "Stefan", "Claire", "Martin", "Sandra", "Christian", "Katarzyna", "Jan", "Priya", "Wei", "Yuki",
    "Raj", "Aisha", "Hiroshi", "Mei", "Olga", "Ivan", "Dmitri", "Natalia", "Lukas", "Lea",
    "Félix", "Chloé", "René", "Zoë", "Jürgen", "Käthe", "Søren", "Åsa", "Łukasz", "Małgorzata",
    "Patrick", "Siobhán", "Niamh", "Liam", "Noah", "Mia", "Ava", "Ethan", "Lucas", "Isabella",
    "Amir", "Leila", "Omar", "Yasmin", "Kwame", "Ngozi", "Thabo", "Zanele", "Arjun", "Ananya",
    "Minh", "Linh", "Ji-woo", "Seo-yeon", "Ana María", "Jean-Luc", "Marie-Claire", "Giulia", "Marco",
    "Paolo", "Chiara", "Bruno", "Inês", "Tiago", "Beatriz", "Mateus", "Gustavo", "Camila", "Diego",
    "Valentina",
];

/// Last names.
pub(super) const LAST_NAMES: [&str; 150] = [
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez",
    "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore",
    "Jackson", "Martin", "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark",
    "Ramirez", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright", "Scott", "Torres",
    "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall", "Rivera", "Campbell",
    "Mitchell", "Carter", "Roberts", "Chen", "Wang", "Li", "Zhang", "Liu", "Kumar", "Singh", "Patel",
    "Sharma", "Gupta", "Khan", "Ali", "Hussain", "Ahmed", "Müller", "Schmidt", "Schneider", "Fischer",
    "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Dubois", "Durand", "Leroy", "Moreau",
    "Laurent", "Lefèvre", "Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Silva", "Santos",
    "Oliveira", "Souza", "Pereira", "Costa", "Tanaka", "Suzuki", "Satō", "Watanabe", "Itō", "Kim",
    "Park", "Choi", "Jung", "Kang", "Novák", "Svoboda", "Kowalski", "Nowak", "Wiśniewski", "Ivanov",
    "Petrov", "Smirnov", "Popov", "Johansson", "Andersson", "Karlsson", "Nilsson", "Hansen",
    "Jensen", "Nielsen", "Larsen", "O'Brien", "O'Connor", "Murphy", "Kelly", "Walsh", "Byrne",
    "McCarthy", "MacDonald", "de Vries", "van den Berg", "Jansen", "Bakker", "Visser", "da Silva",
    "de la Cruz", "Ben-David", "Cohen", "Levi", "Okafor", "Adeyemi", "Mensah", "Nkosi", "Dlamini",
    "Yılmaz", "Kaya", "Demir", "Papadopoulos", "Georgiou", "Al-Farsi", "Haddad", "Nasser", "Mansour",
];

/// Titles.
pub(super) const TITLES: [&str; 56] = [
    "Sales Manager", "Account Executive", "Software Engineer", "Project Manager", "CEO",
    "Marketing Manager", "Director", "Consultant", "Account Manager", "Owner", "Founder", "CTO",
    "Operations Manager", "Product Manager", "Office Manager", "Sales Representative", "CFO",
    "VP, Sales", "Head of Marketing", "Senior Software Engineer", "Business Development Manager",
    "HR Manager", "General Manager", "Managing Director", "Customer Success Manager", "Buyer",
    "Data Analyst", "IT Manager", "Partner", "Executive Assistant", "President", "Engineer",
    "VP, Marketing", "Recruiter", "Controller", "Designer", "COO", "Head of Engineering",
    "Purchasing Manager", "Senior Consultant", "Co-Founder & CEO", "Team Lead", "Accountant",
    "Research Scientist", "Solutions Architect", "Legal Counsel", "Chief Revenue Officer",
    "Regional Sales Director, EMEA", "Head of Procurement", "DevOps Engineer", "Plant Manager",
    "Chief of Staff", "Professor", "Quality Manager", "Head of \"Special Projects\"", "Intern",
];

/// Departments.
pub(super) const DEPARTMENTS: [&str; 16] = [
    "Sales", "Marketing", "Engineering", "Operations", "Finance", "Human Resources", "IT",
    "Customer Success", "Product", "Legal", "Procurement", "Research & Development", "Support",
    "Executive", "Design", "Quality",
];

/// Cities.
pub(super) const CITIES: [&str; 64] = [
    "New York", "London", "San Francisco", "Paris", "Berlin", "Chicago", "Toronto", "Los Angeles",
    "Boston", "Sydney", "Amsterdam", "Munich", "Seattle", "Austin", "Bengaluru", "Mumbai", "Tokyo",
    "Singapore", "São Paulo", "Madrid", "Barcelona", "Milan", "Rome", "Zürich", "Wien", "Stockholm",
    "København", "Oslo", "Helsinki", "Dublin", "Manchester", "Edinburgh", "Hamburg", "Köln",
    "Frankfurt am Main", "Brussels", "Lisbon", "Warsaw", "Kraków", "Prague", "Budapest", "Bucharest",
    "Athens", "Istanbul", "Tel Aviv", "Dubai", "Delhi", "Hyderabad", "Shanghai", "Beijing", "Hong Kong",
    "Seoul", "Osaka", "Melbourne", "Auckland", "Cape Town", "Lagos", "Nairobi", "Mexico City", "Bogotá",
    "Buenos Aires", "Santiago", "Montréal", "Vancouver",
];

/// Mail providers that people share.
pub(super) const PROVIDERS: [&str; 8] = [
    "gmail.com", "outlook.com", "yahoo.com", "hotmail.com", "icloud.com", "gmx.de", "web.de",
    "proton.me",
];

/// First parts of company names.
pub(super) const COMPANY_STARTS: [&str; 40] = [
    "acme", "north", "blue", "global", "prime", "nova", "apex", "summit", "bright", "green", "delta",
    "omni", "vertex", "atlas", "pioneer", "quantum", "silver", "stellar", "union", "metro", "cedar",
    "harbor", "iron", "lumen", "orbit", "pacific", "river", "solid", "swift", "terra", "urban",
    "vista", "west", "zenith", "alpine", "bold", "crystal", "dynamic", "echo", "falcon",
];

/// Second parts of company names.
pub(super) const COMPANY_ENDS: [&str; 40] = [
    "tech", "soft", "systems", "labs", "group", "works", "partners", "logistics", "health", "energy",
    "foods", "media", "capital", "data", "cloud", "networks", "solutions", "industries", "motors",
    "pharma", "design", "build", "trade", "consulting", "analytics", "robotics", "bank", "retail",
    "travel", "steel", "power", "bio", "legal", "studio", "security", "mobility", "textiles", "print",
    "farms", "air",
];

/// Endings of company domains.
pub(super) const COMPANY_DOMAINS: [&str; 12] =
    ["com", "com", "com", "com", "io", "de", "co.uk", "fr", "net", "org", "eu", "co"];
