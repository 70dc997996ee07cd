"""What the heading of a column says of its cells: texts, ids, or something else.

A heading is cut into known words of Chinese and English. Its last word decides, as in both languages: 评价时间 is a
time, 评价内容 a text, `review_id` an id. What a word means is one line of a list below.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from sentiq.core.invisible_characters import visible


class Word(Enum):
    """What a word of a heading means."""

    BODY = "body"  #: the text itself
    VOICE = "voice"  #: what somebody says, and so its text
    CHOICE = "choice"  #: what somebody says, which may be stars too
    AGAIN = "again"  #: what somebody says later, beside what was said before
    REPLY = "reply"  #: what somebody answers
    SIDE = "side"  #: a text that is seldom the one that is meant
    TITLE = "title"
    CASE = "case"  #: what a side text tells of where it is the one
    ID = "id"
    PLACE = "place"  #: a number of the row
    THING = "thing"  #: what is sold, whose description is no text of a customer
    SELLER = "seller"
    PERSON = "person"  #: who says it; as a last word, a name
    ORDER = "order"  #: what a row may be about
    PLAIN = "plain"  #: says nothing of the cells
    OTHER = "other"  #: neither texts nor ids


class Kind(Enum):
    """What the cells of a column are by its heading."""

    TEXT = "text"
    ID = "id"
    OTHER = "other"
    UNKNOWN = "unknown"


class Meaning(NamedTuple):
    """What a heading says."""

    kind: Kind
    rank: int = 0  #: of two that say the same, the higher one is rather meant
    is_whole: bool = False  #: all its words are known


#: From here on a heading says clearly that its cells are the texts; below, they may also be something else.
CLEAR = 40
USUAL = 20
SELDOM = 2

_DATES = """日期 时间 年月 年份 月份 年 月 日 时刻 时长 用时 耗时 小时 星期 date time datetime timestamp year month
    day hour week at duration ts epoch modified created updated expires"""
_RATINGS = """评分 星级 分数 得分 打分 等级 评级 满意度 满意程度 总分 星 分 分值 评星 推荐度 置信度 概率 差评数 好评数
    score scores rating ratings rate stars star grade level nps points point confidence probability"""
_LABELS = """标签 标注 标记 类别 类型 分类 种类 情感 情感倾向 情感极性 极性 倾向 性质 主题词 关键词 词 意图 方面 属性
    label labels sentiment polarity category categories class type kind tag tags target emotion intent aspect topic
    keyword keywords sentimentlabel prediction predicted entities annotations annotation annotator split lang
    language"""
_PEOPLE = """昵称 姓名 名称 名字 名 作者 人 者 员 性别 年龄 职业 年龄段 头像 联系人 收货人 负责人 处理人 接待员 手机
    电话 手机号 手机号码 电话号码 联系方式 联系电话 邮箱 电子邮件 微信号 身份证号 身份证 银行卡号 车牌号 生日 学历
    收入 部门 粉丝 name nickname username author authors sender receiver email mail phone mobile tel telephone
    gender sex age avatar title_of by from to assignee assigned group"""
_WHERE = """地址 城市 省 省份 市 区 县 国家 地区 区域 ip 属地 来自 经度 纬度 位置 地点 设备 渠道 来源 平台 终端 系统
    版本 型号 页码 语言 网站 app版本 浏览器 操作系统 来源渠道 city country region province address location language
    lat lon latitude longitude device platform source channel version os browser market marketplace territory store"""
_AMOUNTS = """数 数量 量 次数 人数 字数 点赞 点赞数 赞 踩 转发 收藏 阅读 浏览 价格 金额 单价 售价 原价 总价 实付 运费
    费用 库存 销量 长度 比例 百分比 占比 排名 体积 重量 实付款 应付 优惠 余额 收入 支出 总计 合计 count num
    number_of amount price prices cost likes like votes vote retweets shares total quantity qty length len size sum
    percent ratio rank ranking helpful useful funny cool weight balance views fee tax discount"""
_STATES = """状态 是否 有无 结果 进度 阶段 审核 已读 匿名 隐藏 置顶 精华 优先级 紧急程度 处理结果 处理状态 原因代码
    代码 编码 批次 status state is has verified purchase vine flag hidden deleted anonymous priority error errors
    truncated degraded line code null parent lemma token tokens active enabled"""
_LINKS = """链接 网址 图片 照片 视频 音频 图 附件 截图 文件 文件名 路径 二维码 缩略图 晒图 url urls link links href
    image images photo photos picture pictures video videos audio file files path permalink filename attachment
    attachments media uri thumbnail"""
_THINGS_OTHER = """规格 颜色 尺码 尺寸 款式 品牌 货号 套餐 材质 口味 sku spu asin isbn brand color colour model
    variant upc 快递单号 运单号 物流单号 条形码 批号 发票号 快递公司 物流公司"""

_WORDS: dict[Word, str] = {
    Word.BODY: """内容 正文 原文 文本 全文 原话 文字 原声 文案 语料 句子 语句 段落 文段 转写 转写文本 话语 数据文本
        语音文本 text texts content contents body fulltext verbatim transcript transcription sentence sentences
        utterance utterances words txt document passage paragraph snippet
        neirong zhengwen""",
    Word.VOICE: """评论 点评 评语 短评 长评 影评 书评 乐评 食评 简评 评述 述评 酷评 留言 反馈 意见 建议 吐槽 心得 感受
        体会 弹幕 帖子 贴子 微博 推文 博文 推特 消息 聊天 聊天记录 对话 对话记录 通话 通话记录 发言 投诉 诉求 初评
        首评 晒单 体验 观点 看法 想法 理由 笔记 说说 动态 口碑 印象 心声 优点 缺点 槽点 亮点 不足 不满 读后感 观后感
        说 说的话 说了什么 声音 评价语 评价词 读者来信 来信 表扬 批评 舆情 用后感 使用感受 使用体验 使用心得 买家秀
        问答内容 原因 感想 寄语 弹评 回访记录 沟通记录 跟进记录 review reviews comment comments feedback feedbacks
        message messages tweet tweets opinion opinions complaint complaints suggestion suggestions testimonial
        testimonials utterance chat conversation dialog dialogue msg reviewtext reviewbody commenttext weibo danmaku
        danmu pros cons voc quote pinglun dianping liuyan fankui""",
    Word.CHOICE: "评价 pingjia post posts query queries",
    Word.AGAIN: "追评 追加 追加评价 追加评论 二次 后评 followup",
    Word.REPLY: "回复 回答 答复 答案 解释 回评 跟帖 reply replies response responses answer answers",
    Word.SIDE: """描述 详情 详细 说明 备注 附言 摘要 概述 概要 简介 介绍 总结 补充 description desc descriptions
        detail details summary abstract remark remarks note notes memo caption""",
    Word.TITLE: "标题 题目 题干 主题 title titles subject headline question questions",
    Word.CASE: """工单 故障 问题 需求 事件 案件 情况 缺陷 异常 报修 售后 退款 退货 咨询 求助 事由 issue ticket problem
        case bug incident request inquiry enquiry defect event""",
    Word.ID: """id ids 编号 号 号码 单号 主键 流水号 标识 唯一标识 代号 受理号 uid uuid guid key pk oid customid tid
        mid ref reference identifier""",
    Word.PLACE: "序号 行号 序列号 次序 index idx no nr num number seq row rowid # serial unnamed",
    Word.THING: """商品 产品 货品 宝贝 物品 店铺 门店 酒店 餐厅 课程 电影 图书 书籍 应用 影片 车型 房型 菜品 景点 房源
        楼盘 职位 公司 企业 item product goods shop sku app book movie hotel restaurant course film car room company
        business brand listing property song place""",
    Word.SELLER: """商家 卖家 店家 客服 官方 掌柜 管理员 运营 开发者 店主 坐席 座席 处理 供应商 我方 小二 seller
        merchant agent developer admin support staff owner vendor manager""",
    Word.PERSON: """买家 用户 客户 顾客 会员 消费者 游客 玩家 学生 学员 家长 患者 业主 网友 粉丝 观众 读者 乘客 旅客
        员工 受访者 答题者 评论者 评论人 评价人 发布者 发布人 博主 住客 食客 车主 网民 user users buyer customer
        client member guest reviewer commenter visitor patient student player reader consumer employee passenger
        traveler person""",
    Word.ORDER: """订单 交易 记录 答卷 问卷 会话 样本 数据 条目 主单 子单 单据 受理 文章 视频 新闻 直播 游戏 帖 order
        orders transaction record ticketid respondent respondentid session thread sample collector survey entry
        article doc news conversationid""",
    Word.PLAIN: """的 和 或 与 及 我 我的 您 您的 你 你的 其他 其它 具体 原始 清洗后 清洗 首次 初次 第一次 再次 最新
        整体 总体 综合 物流 快递 服务 服务态度 态度 质量 环境 卫生 本次 此次 对 对我们 请 填写 请填写 请输入 输入
        必填 选填 可选 开放题 主观题 开放 简答 详尽 全部 完整 主要 中文 英文 译文 翻译 收到 提交 发布 发表 创建 更新
        修改 付款 下单 成交 回访 用后 线上 线下 网络 大家 大众 好评 差评 中评 待 raw clean cleaned original full new
        old main first last my our your the of and or for in on a an b c d zh cn en eng ch chn tw hk latest plain
        html md markdown rendered normalized processed preprocessed trimmed initial public private data fields meta
        meta_info attributes node result results value values string str input source1 custom t s open ended
        openended free form x y submitted""",
    Word.OTHER: " ".join((_DATES, _RATINGS, _LABELS, _PEOPLE, _WHERE, _AMOUNTS, _STATES, _LINKS, _THINGS_OTHER)),
}
_KNOWN: dict[str, Word] = {word: meaning for meaning in reversed(Word) for word in _WORDS[meaning].split()}
_LONGEST = max(map(len, _KNOWN))

#: Traditional characters of the words above, and the simplified ones.
_SIMPLIFIED = str.maketrans(
    "評論價內訊號編單時間標題買賣顧戶見議饋復覆詳細問體產類別態數圖連結網電話郵機門級來語長發訂貨點員帳賬稱紀錄記聲帖貼說話動饋書"
    "樂學觀讀優應課廳館輸請選開處進運備註簡紹總結餘額實圍華爾聯繫絡條項關鍵詞對談過與買攝訴願顏雲臺灣區縣國達質務環衛創更個號補充據",
    "评论价内讯号编单时间标题买卖顾户见议馈复复详细问体产类别态数图连结网电话邮机门级来语长发订货点员账账称纪录记声帖贴说话动馈书"
    "乐学观读优应课厅馆输请选开处进运备注简绍总结余额实围华尔联系络条项关键词对谈过与买摄诉愿颜云台湾区县国达质务环卫创更个号补充据",
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|\{[^{}]*\}|<[^<>]*>|《[^《》]*》|〔[^〔〕]*〕")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTS = re.compile(r"[㐀-鿿]+|[^\W\d_㐀-鿿]+|#(?=\s*$)")
_SECOND = re.compile(r"(?:[_\s-][b-zB-Z]|[2-9])\s*$")  #: of several such columns, one after the first
_LONG = 60  #: characters of a heading that is read; a longer one is a sentence, whose end is read


def plain(heading: str) -> str:
    """Return the letters and digits of a heading without its decorations, to compare it with others.

    Marks such as `*`, remarks in brackets, blanks, hyphens, invisible characters, full width and case do not count.
    """
    text = _undecorated(heading).casefold().translate(_SIMPLIFIED)
    return "".join(char for char in text if char.isalnum()) or text.strip()


@lru_cache(maxsize=4096)
def meaning(heading: str) -> Meaning:
    """Return what the heading of a column says of its cells."""
    words = _words(_undecorated(heading))
    if not words:
        return Meaning(Kind.UNKNOWN)
    is_whole = None not in words
    known = [word for word in words if word is not None]
    if not known or (words[-1] is None and Word.BODY not in words[-2:]):
        return Meaning(Kind.UNKNOWN)
    while len(known) > 1 and known[-1] is Word.PLAIN:
        known.pop()
    last, before = known[-1], set(known[:-1])
    if last in (Word.ID, Word.PLACE):
        found = _id_rank(heading, last, before)
    elif last in (Word.OTHER, Word.THING, Word.SELLER, Word.PERSON, Word.ORDER):
        found = Meaning(Kind.OTHER)
    elif last in (Word.PLAIN, Word.CASE):
        found = Meaning(Kind.UNKNOWN)
    else:
        found = _text_rank(last, before)
    if found.kind is not Kind.TEXT:
        return found._replace(is_whole=is_whole)
    rank = found.rank - 8 * (not is_whole) - 5 * bool(_SECOND.search(heading))
    return Meaning(Kind.TEXT, min(rank, 30) if "追" in heading else rank, is_whole)


def _text_rank(last: Word, before: set[Word]) -> Meaning:
    says = bool(before & {Word.VOICE, Word.CHOICE})
    if last in (Word.SIDE, Word.TITLE):
        if before & {Word.OTHER, Word.THING, Word.SELLER, Word.PERSON} and not says:
            return Meaning(Kind.OTHER)
        rank = 10 if last is Word.TITLE else 45 if says else 35 if Word.CASE in before else 10
    elif last is Word.REPLY:
        rank = 15
    elif last is Word.BODY:
        if Word.THING in before and not says and Word.CASE not in before:
            return Meaning(Kind.OTHER)
        rank = 50 if says else 45 if Word.CASE in before else 25 if Word.REPLY in before else CLEAR
    elif last is Word.AGAIN:
        rank = 30
    else:
        rank = CLEAR if last is Word.VOICE else 35
    if Word.AGAIN in before:
        rank = min(rank, 30)
    if Word.SELLER in before:
        rank = 1
    return Meaning(Kind.TEXT, rank)


def _id_rank(heading: str, last: Word, before: set[Word]) -> Meaning:
    if plain(heading) in ("customid", "custom"):
        return Meaning(Kind.ID, 60)
    if last is Word.PLACE and Word.ORDER not in before:
        return Meaning(Kind.ID, 20) if not before - {Word.PLAIN} else Meaning(Kind.OTHER)
    if before & {Word.THING, Word.OTHER, Word.SELLER} and not before & {Word.ORDER, Word.VOICE, Word.CHOICE}:
        return Meaning(Kind.OTHER)
    if before & {Word.VOICE, Word.CHOICE, Word.BODY, Word.CASE}:
        return Meaning(Kind.ID, 50)
    if Word.ORDER in before:
        return Meaning(Kind.ID, 42)
    return Meaning(Kind.ID, 15 if Word.PERSON in before else 45)


def _undecorated(heading: str) -> str:
    """Return a heading without invisible characters, remarks in brackets and marks around it; in half width."""
    text = unicodedata.normalize("NFKC", visible(heading)).strip()
    bare = _BRACKETS.sub(" ", text).strip(" \t*＊:：'\"`")
    return bare if any(map(str.isalnum, bare)) else text


def _words(text: str) -> list[Word | None]:
    """Return the meanings of the words of a heading, in their order; None stands for what is not known."""
    parts = _PARTS.findall(_CAMEL.sub(" ", text[-_LONG:]))
    return [word for part in parts for word in _cut(part.casefold().translate(_SIMPLIFIED))]


def _cut(part: str) -> list[Word | None]:
    """Return the meanings of the known words in a run of letters, the longest first; None for what is between them."""
    whole = _KNOWN.get(part)
    if whole is not None:
        return [whole]
    found: list[Word | None] = []
    at = 0
    while at < len(part):
        for end in range(min(len(part), at + _LONGEST), at, -1):
            word = _KNOWN.get(part[at:end])
            # letters of an English word are no words of their own
            if word is not None and (part[at] >= "㐀" or end - at > 2 or end == len(part)):
                found.append(word)
                at = end
                break
        else:
            if not found or found[-1] is not None:
                found.append(None)
            at += 1
    if part[0] < "㐀" and None in found:
        return [None]  # a Latin word of which only a piece is known
    return found
