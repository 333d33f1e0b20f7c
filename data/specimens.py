"""What a sample was taken of, as files name it, in English and Chinese; compare in upper case."""

BLOOD = frozenset({
    "BLOOD", "PLASMA", "SERUM", "SERUM OR PLASMA", "WHOLE BLOOD", "PERIPHERAL BLOOD", "ARTERIAL BLOOD",
    "VENOUS BLOOD", "CAPILLARY BLOOD", "血", "血液", "血清", "血浆", "全血", "外周血", "静脉血", "动脉血", "末梢血",
})  # fmt: skip
# Surely something else: the creatinine of urine, the glucose of liquor.
NOT_BLOOD = frozenset({
    "URINE", "CEREBROSPINAL FLUID", "CSF", "LIQUOR", "BONE MARROW", "BONE MARROW ASPIRATE", "PLEURAL FLUID",
    "PLEURAL EFFUSION", "PERITONEAL FLUID", "ASCITES", "ASCITIC FLUID", "PERICARDIAL FLUID", "SALIVA", "SPUTUM",
    "STOOL", "FECES", "FAECES", "TISSUE", "TUMOR", "TUMOUR", "TUMOR TISSUE", "BRONCHOALVEOLAR LAVAGE", "SWAB",
    "尿", "尿液", "脑脊液", "骨髓", "胸水", "胸腔积液", "腹水", "腹腔积液", "心包积液", "唾液", "痰", "痰液",
    "粪便", "大便", "组织", "肿瘤组织", "灌洗液", "肺泡灌洗液", "拭子",
})  # fmt: skip
